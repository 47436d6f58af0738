//! How many mails somebody gets that others asked for: three, then one an hour.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Lyceum, PASSWORD, Store, at_once, new_user, on_both_stores};

on_both_stores!(
    three_mails_and_then_one_an_hour_whoever_asks,
    a_new_registration_and_its_resends_count_together,
    a_new_email_counts_as_its_recipients,
    of_64_at_once_three_are_mailed,
    no_flood_of_registrations_eats_the_mails_of_a_reset,
);

async fn mails_to(lyceum: &Lyceum, email: &str) -> usize {
    lyceum.mails().await.iter().filter(|mail| mail.to.contains(email)).count()
}

async fn three_mails_and_then_one_an_hour_whoever_asks(store: Store) {
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

async fn a_new_registration_and_its_resends_count_together(store: Store) {
    let lyceum = store.lyceum().await;
    lyceum.anonymous().register("ada").await;
    for _ in 0..3 {
        lyceum.anonymous().post("/v1/auth/resend-verification", json!({ "email": "ada@school.test" })).await.is(202);
    }
    lyceum.anonymous().register("ada").await;
    assert_eq!(mails_to(&lyceum, "ada@school.test").await, 3);
}

async fn a_new_email_counts_as_its_recipients(store: Store) {
    let lyceum = store.lyceum().await;
    let mut told = 0;
    for number in 0..4 {
        let student = lyceum.student().await;
        let body = json!({ "email": "new@school.test", "password": PASSWORD });
        student.put("/v1/me/email", body).await.is(202);
        told += mails_to(&lyceum, &student.email).await;
        assert_eq!(mails_to(&lyceum, "new@school.test").await, (number + 1).min(3));
    }
    assert_eq!(told, 4, "the old address is told whatever others asked for");
}

async fn of_64_at_once_three_are_mailed(store: Store) {
    let lyceum = store.lyceum().await;
    let student = lyceum.student().await;
    at_once(64, |_| {
        let (visitor, email) = (lyceum.anonymous(), student.email.clone());
        async move { visitor.forgets_password(&email).await }
    })
    .await;
    assert_eq!(mails_to(&lyceum, &student.email).await, 3);
}

/// Else whoever registers a taken email once an hour would keep its owner from ever resetting the password.
async fn no_flood_of_registrations_eats_the_mails_of_a_reset(store: Store) {
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
