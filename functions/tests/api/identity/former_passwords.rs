//! Hashes of an earlier system, made by another implementation of bcrypt (libxcrypt's `crypt`).

use serde_json::json;

use crate::harness::{Caller, Lyceum, at_once, how_many};

/// A password, and the rest of its hash after `$2a$` or `$2b$`, which do not differ in what follows.
const FORMER: [(&str, &str); 4] = [
    ("hunter two", "04$abcdefghijklmnopqrstuuGfvvf4yTzeNk7xHXmsazTw4h5Y2Wz.y"),
    ("Grüße, Zoë und Ωmega", "04$abcdefghijklmnopqrstuuUJoPj0Nv4RfbwfJ3uVYtZMa1vYLLrbi"),
    // A ligature and a letter of two: what was typed was hashed, not its form NFKC.
    ("\u{fb01}ne e\u{301}clair", "04$abcdefghijklmnopqrstuue0Fo5XwnZ54HqcFwlORyKPUhh3FN882"),
    ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", X),
];
const X: &str = "04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";

/// A student whose password was hashed by the earlier system.
async fn former(lyceum: &std::sync::Arc<Lyceum>, hash: &str) -> Caller {
    let student = lyceum.student().await;
    sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1::uuid")
        .bind(&student.id)
        .bind(hash)
        .execute(&lyceum.database)
        .await
        .unwrap();
    student
}

async fn hash_of(lyceum: &Lyceum, student: &Caller) -> String {
    sqlx::query_scalar("SELECT password_hash FROM users WHERE id = $1::uuid")
        .bind(&student.id)
        .fetch_one(&lyceum.database)
        .await
        .unwrap()
}

#[tokio::test]
async fn they_verify_and_are_replaced_at_the_next_login() {
    let lyceum = Lyceum::new().await;
    for version in ["$2a$", "$2b$"] {
        for (password, rest) in FORMER {
            let student = former(&lyceum, &format!("{version}{rest}")).await;
            student.sign_in(&format!(".{password}")).await.problem(401, "invalid-credentials");
            assert!(hash_of(&lyceum, &student).await.starts_with(version), "a failure replaces nothing");
            student.sign_in(password).await.ok();
            let replaced = hash_of(&lyceum, &student).await;
            assert!(replaced.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{replaced}");
            student.sign_in(password).await.ok();
            assert_eq!(hash_of(&lyceum, &student).await, replaced);
        }
    }
}

#[tokio::test]
async fn one_longer_than_72_bytes_verifies_as_bcrypt_read_it_and_is_whole_from_then_on() {
    let lyceum = Lyceum::new().await;
    let student = former(&lyceum, &format!("$2b${X}")).await;
    let long = format!("{}, and more of it", "x".repeat(72));
    student.sign_in(&"x".repeat(71)).await.problem(401, "invalid-credentials");
    student.sign_in(&long).await.ok();
    student.sign_in(&"x".repeat(72)).await.problem(401, "invalid-credentials");
    student.sign_in(&long).await.ok();
}

#[tokio::test]
async fn once_replaced_every_keyboard_writes_the_same_password() {
    let lyceum = Lyceum::new().await;
    let (password, rest) = FORMER[2];
    let student = former(&lyceum, &format!("$2a${rest}")).await;
    student.sign_in("fine \u{e9}clair").await.problem(401, "invalid-credentials");
    student.sign_in(password).await.ok();
    student.sign_in("fine \u{e9}clair").await.ok();
}

#[tokio::test]
async fn sixteen_logins_at_once_all_get_in() {
    let lyceum = Lyceum::new().await;
    let (password, rest) = FORMER[0];
    let student = former(&lyceum, &format!("$2b${rest}")).await;
    let statuses = at_once(16, |_| {
        let (visitor, email) = (lyceum.anonymous(), student.email.clone());
        async move { visitor.signs_in_as(&email, password).await.status }
    })
    .await;
    assert_eq!(how_many(&statuses, 200), 16, "{statuses:?}");
}

#[tokio::test]
async fn they_confirm_a_change_of_password_as_well() {
    let lyceum = Lyceum::new().await;
    let (password, rest) = FORMER[0];
    let student = former(&lyceum, &format!("$2a${rest}")).await;
    let body = json!({ "current_password": password, "new_password": "quite another sentence" });
    student.put("/v1/me/password", body).await.no_content();
    assert!(hash_of(&lyceum, &student).await.starts_with("$argon2id$"));
}

#[tokio::test]
async fn what_is_no_hash_lets_nobody_in() {
    let lyceum = Lyceum::new().await;
    for hash in ["$2b$", "$2b$04$short", "$2b$99$abcdefghijklmnopqrstuuGfvvf4yTzeNk7xHXmsazTw4h5Y2Wz.y", "!"] {
        let student = former(&lyceum, hash).await;
        for password in ["hunter two", hash, "!"] {
            student.at("192.0.2.1").sign_in(password).await.problem(401, "invalid-credentials");
        }
    }
}
