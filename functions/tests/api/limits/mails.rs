//! Limits on mails that anyone can request for an address: three, then one per hour.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Lyceum, PASSWORD, Store, at_once, new_user, on_both_stores};

on_both_stores!(
    a_recipient_gets_three_mails_and_then_one_per_hour_from_all_callers_together,
    a_registration_and_its_resends_are_counted_together,
    mails_to_a_new_email_are_counted_for_the_new_address,
    of_64_requests_at_once_three_mails_are_sent,
    registrations_can_not_use_up_the_mails_of_a_reset,
);

async fn mails_to(lyceum: &Lyceum, email: &str) -> usize {
    lyceum.mails().await.iter().filter(|mail| mail.to.contains(email)).count()
}

async fn a_recipient_gets_three_mails_and_then_one_per_hour_from_all_callers_together(store: Store) {
    let lyceum = store.lyceum().await;
    let (student, other) = (lyceum.student().await, lyceum.student().await);
    for _ in 0..5 {
        lyceum.anonymous().forgets_password(&student.email.to_uppercase()).await;
    }
    assert_eq!(mails_to(&lyceum, &student.email).await, 3);
    lyceum.anonymous().forgets_password(&other.email).await;
    assert_eq!(mails_to(&lyceum, &other.email).await, 1);

    lyceum.clock.advance(TimeDelta::minutes(60) - TimeDelta::milliseconds(1));
    lyceum.anonymous().forgets_password(&student.email).await;
    assert_eq!(mails_to(&lyceum, &student.email).await, 3);
    for sent in 4..=6 {
        lyceum.clock.advance(TimeDelta::minutes(60));
        lyceum.anonymous().forgets_password(&student.email).await;
        lyceum.anonymous().forgets_password(&student.email).await;
        assert_eq!(mails_to(&lyceum, &student.email).await, sent);
    }
}

async fn a_registration_and_its_resends_are_counted_together(store: Store) {
    let lyceum = store.lyceum().await;
    lyceum.anonymous().register("ada").await;
    for _ in 0..3 {
        lyceum.anonymous().post("/v1/auth/resend-verification", json!({ "email": "ada@school.test" })).await.is(202);
    }
    lyceum.anonymous().register("ada").await;
    assert_eq!(mails_to(&lyceum, "ada@school.test").await, 3);
}

async fn mails_to_a_new_email_are_counted_for_the_new_address(store: Store) {
    let lyceum = store.lyceum().await;
    let mut warned = 0;
    for number in 0..4 {
        let student = lyceum.student().await;
        let body = json!({ "email": "new@school.test", "password": PASSWORD });
        student.put("/v1/me/email", body).await.is(202);
        warned += mails_to(&lyceum, &student.email).await;
        assert_eq!(mails_to(&lyceum, "new@school.test").await, (number + 1).min(3));
    }
    assert_eq!(warned, 4, "mails to the old addresses are not limited");
}

async fn of_64_requests_at_once_three_mails_are_sent(store: Store) {
    let lyceum = store.lyceum().await;
    let student = lyceum.student().await;
    at_once(64, |_| {
        let (visitor, email) = (lyceum.anonymous(), student.email.clone());
        async move { visitor.forgets_password(&email).await }
    })
    .await;
    assert_eq!(mails_to(&lyceum, &student.email).await, 3);
}

/// Otherwise a stranger who registers a taken address once an hour could keep its owner from resetting the password.
async fn registrations_can_not_use_up_the_mails_of_a_reset(store: Store) {
    let lyceum = store.lyceum().await;
    let student = lyceum.student().await;
    flood_of_registrations(&lyceum, &student.email).await;
    assert_eq!(mails_to(&lyceum, &student.email).await, 3);
    lyceum.anonymous().forgets_password(&student.email).await;
    let token = lyceum.token_mailed_to(&student.email).await;
    lyceum.anonymous().resets_password(&token, "quite another sentence").await.no_content();
}

async fn flood_of_registrations(lyceum: &Arc<Lyceum>, email: &str) {
    for number in 0..5 {
        let mut body = new_user(&format!("somebody{number}"));
        body["email"] = json!(email);
        lyceum.anonymous().post("/v1/auth/register", body).await.is(202);
    }
}
