//! An attack on an account never locks out its owner (`docs/semantics.md`).

use std::sync::Arc;

use chrono::TimeDelta;

use crate::harness::{Caller, Lyceum, PASSWORD, Store, on_both_stores};

on_both_stores!(
    an_attack_locks_nobody_out_at_an_address_where_they_signed_in_before,
    an_address_is_known_for_ninety_days,
    guesses_from_a_known_address_are_counted_for_that_address,
    a_password_reset_lets_the_owner_sign_in_during_an_attack,
    an_accepted_invitation_lets_the_owner_sign_in_during_an_attack,
);

async fn lyceum(store: Store) -> Arc<Lyceum> {
    store.with(&[("LIMIT_CALLS_PER_MINUTE", "1000"), ("LIMIT_FAILURES_PER_IDENTIFIER", "6")]).await
}

/// Guesses from new addresses until all addresses have to wait.
async fn flood(lyceum: &Arc<Lyceum>, identifier: &str) {
    for _ in 0..20 {
        if lyceum.anonymous().signs_in_as(identifier, "wrong").await.status == 429 {
            return;
        }
    }
    panic!("the flood was never refused");
}

async fn must_wait(visitor: &Caller, identifier: &str) {
    visitor.signs_in_as(identifier, PASSWORD).await.problem(429, "too-many-requests");
}

async fn an_attack_locks_nobody_out_at_an_address_where_they_signed_in_before(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    for identifier in [&student.email, &student.username] {
        flood(&lyceum, identifier).await;
        must_wait(&lyceum.anonymous(), identifier).await;
        student.signs_in_as(identifier, PASSWORD).await.ok();
        must_wait(&lyceum.anonymous(), identifier).await;
    }
}

async fn an_address_is_known_for_ninety_days(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    lyceum.clock.advance(TimeDelta::days(90) - TimeDelta::seconds(1));
    flood(&lyceum, &student.email).await;
    student.sign_in("wrong").await.problem(401, "invalid-credentials");
    lyceum.clock.advance(TimeDelta::seconds(1));
    must_wait(&student, &student.email).await;
}

async fn guesses_from_a_known_address_are_counted_for_that_address(store: Store) {
    let lyceum = lyceum(store).await;
    let student = lyceum.student().await;
    for _ in 0..5 {
        student.sign_in("wrong").await.is(401);
    }
    must_wait(&student, &student.email).await;
    lyceum.anonymous().signs_in_as(&student.email, PASSWORD).await.ok();
}

async fn a_password_reset_lets_the_owner_sign_in_during_an_attack(store: Store) {
    let lyceum = lyceum(store).await;
    let (student, elsewhere) = (lyceum.student().await, lyceum.anonymous());
    flood(&lyceum, &student.email).await;
    flood(&lyceum, &student.username).await;
    for _ in 0..5 {
        elsewhere.signs_in_as(&student.email, "forgotten").await;
    }
    must_wait(&elsewhere, &student.email).await;

    elsewhere.forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    elsewhere.resets_password(&token, "quite another sentence").await.no_content();
    flood(&lyceum, &student.email).await;
    flood(&lyceum, &student.username).await;
    elsewhere.signs_in_as(&student.email, "quite another sentence").await.ok();
    elsewhere.signs_in_as(&student.username, "quite another sentence").await.ok();
    must_wait(&lyceum.anonymous(), &student.email).await;
}

async fn an_accepted_invitation_lets_the_owner_sign_in_during_an_attack(store: Store) {
    let lyceum = lyceum(store).await;
    let (admin, guest) = (lyceum.admin().await, lyceum.anonymous());
    let new = serde_json::json!({
        "email": "guest@school.test", "username": "guest", "first_name": "Guest", "last_name": "One",
    });
    admin.post("/v1/users", new).await.created();
    flood(&lyceum, "guest@school.test").await;
    let token = lyceum.token_mailed_to("guest@school.test").await;
    guest.resets_password(&token, "quite another sentence").await.no_content();
    flood(&lyceum, "guest@school.test").await;
    guest.signs_in_as("guest@school.test", "quite another sentence").await.ok();
}
