//! Limits on password guesses: per identifier and address, and per identifier.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Caller, Lyceum, PASSWORD, Store, at_once, how_many, on_both_stores};

on_both_stores!(
    after_five_failures_the_wait_doubles_up_to_fifteen_minutes,
    a_right_password_has_to_wait_too_and_then_resets_the_count,
    each_identifier_and_each_address_is_counted_separately,
    all_spellings_of_an_identifier_are_counted_together,
    the_email_and_the_username_of_an_account_are_counted_separately,
    an_unknown_identifier_is_counted_like_a_known_one,
    of_64_at_once_from_one_address_five_are_checked,
    of_64_at_once_from_64_addresses_twenty_are_checked,
    the_wait_also_doubles_for_all_addresses_together,
    the_reported_wait_is_the_longest_one,
    a_refused_attempt_does_not_count_as_a_failure,
    a_stolen_session_can_not_guess_the_password_more_often_than_a_login,
);

/// Starts Lyceum with a high limit on calls, so that only guesses are limited.
async fn lyceum(store: Store) -> Arc<Lyceum> {
    store.with(&[("LIMIT_CALLS_PER_MINUTE", "1000")]).await
}

/// Tries a wrong password. Returns the status and the seconds of `Retry-After`.
async fn guess(visitor: &Caller, identifier: &str) -> (u16, u32) {
    let answer = visitor.signs_in_as(identifier, "wrong").await;
    (answer.status, answer.header("retry-after").parse().unwrap_or(0))
}

const WRONG: (u16, u32) = (401, 0);

async fn after_five_failures_the_wait_doubles_up_to_fifteen_minutes(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
    for seconds in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
        assert_eq!(guess(&visitor, &student.email).await, (429, seconds));
        lyceum.clock.advance(TimeDelta::milliseconds(i64::from(seconds) * 1000 - 1));
        assert_eq!(guess(&visitor, &student.email).await, (429, 1));
        lyceum.clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
}

async fn a_right_password_has_to_wait_too_and_then_resets_the_count(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
    let answer = visitor.signs_in_as(&student.email, PASSWORD).await;
    assert_eq!(answer.header("retry-after"), "2");
    answer.problem(429, "too-many-requests");
    lyceum.clock.advance(TimeDelta::seconds(2));
    visitor.signs_in_as(&student.email, PASSWORD).await.ok();
    for _ in 0..5 {
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
    assert_eq!(guess(&visitor, &student.email).await, (429, 2));
}

async fn each_identifier_and_each_address_is_counted_separately(store: Store) {
    let lyceum = lyceum(store).await;
    let (one, other, visitor) = (lyceum.student().await, lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        guess(&visitor, &one.email).await;
    }
    assert_eq!(guess(&visitor, &one.email).await, (429, 2));
    assert_eq!(guess(&visitor, &other.email).await, WRONG);
    assert_eq!(guess(&lyceum.anonymous(), &one.email).await, WRONG);
}

async fn all_spellings_of_an_identifier_are_counted_together(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    let spellings = [student.email.clone(), student.email.to_uppercase(), format!("  {} ", student.email)];
    for number in 0..5 {
        assert_eq!(guess(&visitor, &spellings[number % 3]).await, WRONG);
    }
    for spelling in spellings {
        assert_eq!(guess(&visitor, &spelling).await, (429, 2));
    }
}

async fn the_email_and_the_username_of_an_account_are_counted_separately(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
    assert_eq!(guess(&visitor, &student.email).await, (429, 2));
    for _ in 0..5 {
        assert_eq!(
            guess(&visitor, &student.username).await,
            WRONG,
            "a common count would reveal that both belong to one account"
        );
    }
    assert_eq!(guess(&visitor, &student.username).await, (429, 2));
}

async fn an_unknown_identifier_is_counted_like_a_known_one(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    let mut seen = Vec::new();
    for identifier in [&student.email, "nobody@school.test"] {
        let visitor = lyceum.anonymous();
        let mut outcomes = Vec::new();
        for _ in 0..9 {
            outcomes.push(guess(&visitor, identifier).await);
            lyceum.clock.advance(TimeDelta::seconds(1));
        }
        for _ in 0..20 {
            outcomes.push(guess(&lyceum.anonymous(), identifier).await);
        }
        seen.push(outcomes);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].iter().any(|(status, _)| *status == 429));
}

async fn of_64_at_once_from_one_address_five_are_checked(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    let outcomes = at_once(64, |_| {
        let (visitor, email) = (visitor.clone(), student.email.clone());
        async move { guess(&visitor, &email).await }
    })
    .await;
    assert_eq!(how_many(&outcomes, WRONG), 5, "{outcomes:?}");
    assert_eq!(how_many(&outcomes, (429, 2)), 59, "{outcomes:?}");
}

async fn of_64_at_once_from_64_addresses_twenty_are_checked(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    let outcomes = at_once(64, |_| {
        let (visitor, email) = (lyceum.anonymous(), student.email.clone());
        async move { guess(&visitor, &email).await }
    })
    .await;
    assert_eq!(how_many(&outcomes, WRONG), 20, "{outcomes:?}");
    assert_eq!(how_many(&outcomes, (429, 2)), 44, "{outcomes:?}");
}

async fn the_wait_also_doubles_for_all_addresses_together(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    for _ in 0..20 {
        assert_eq!(guess(&lyceum.anonymous(), &student.email).await, WRONG);
    }
    for seconds in [2, 4, 8, 16] {
        assert_eq!(guess(&lyceum.anonymous(), &student.email).await, (429, seconds));
        lyceum.clock.advance(TimeDelta::seconds(seconds.into()));
        assert_eq!(guess(&lyceum.anonymous(), &student.email).await, WRONG);
    }
    assert_eq!(guess(&lyceum.anonymous(), &student.username).await, WRONG, "the username is another identifier");
}

async fn the_reported_wait_is_the_longest_one(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..5 {
        guess(&visitor, &student.email).await; // this address: wait 2 s
    }
    for _ in 0..15 {
        guess(&lyceum.anonymous(), &student.email).await; // all addresses: wait 2 s
    }
    lyceum.clock.advance(TimeDelta::seconds(2));
    guess(&lyceum.anonymous(), &student.email).await; // all addresses: wait 4 s
    lyceum.clock.advance(TimeDelta::seconds(1));
    let (status, seconds) = guess(&visitor, &student.email).await;
    assert_eq!((status, seconds), (429, 3));
    lyceum.clock.advance(TimeDelta::seconds(seconds.into()));
    assert_eq!(guess(&visitor, &student.email).await, WRONG);
}

async fn a_refused_attempt_does_not_count_as_a_failure(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..20 {
        guess(&lyceum.anonymous(), &student.email).await;
    }
    for _ in 0..10 {
        assert_eq!(guess(&visitor, &student.email).await, (429, 2));
    }
    lyceum.clock.advance(TimeDelta::seconds(2));
    visitor.signs_in_as(&student.email, PASSWORD).await.ok();
}

#[tokio::test]
async fn failures_expire_a_day_after_the_last_one() {
    let lyceum = lyceum(Store::Postgres).await; // Redis uses its own clock
    let (student, visitor) = (lyceum.student().await, lyceum.anonymous());
    for _ in 0..4 {
        guess(&visitor, &student.email).await;
    }
    lyceum.clock.advance(TimeDelta::hours(24));
    for _ in 0..5 {
        assert_eq!(guess(&visitor, &student.email).await, WRONG);
    }
    assert_eq!(guess(&visitor, &student.email).await, (429, 2));
}

/// The thief of an access token calls from many addresses. The owner can still confirm from a known address.
async fn a_stolen_session_can_not_guess_the_password_more_often_than_a_login(store: Store) {
    let lyceum = lyceum(store).await;
    let owner = lyceum.student().await;
    let statuses = at_once(64, |_| {
        let thief = owner.at(&lyceum.anonymous().address);
        let body = json!({ "current_password": "wrong", "new_password": "quite another sentence" });
        async move { thief.put("/v1/me/password", body).await.status }
    })
    .await;
    assert_eq!((how_many(&statuses, 403), how_many(&statuses, 429)), (20, 44), "{statuses:?}");
    let body = json!({ "current_password": PASSWORD, "new_password": "quite another sentence" });
    owner.put("/v1/me/password", body).await.no_content();
}
