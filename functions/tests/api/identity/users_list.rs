use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum};

async fn invite(admin: &Caller, username: &str, first_name: &str, last_name: &str) -> Value {
    let email = format!("mail-{}@school.test", username.replace(|c: char| !c.is_ascii(), "x"));
    let body = json!({ "email": email, "username": username, "first_name": first_name, "last_name": last_name });
    admin.post("/v1/users", body).await.created()
}

/// The usernames of a page.
fn usernames(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect()
}

async fn found(admin: &Caller, query: &str) -> Vec<String> {
    let query = encoded(query);
    let page = admin.get(&format!("/v1/users?q={query}")).await.ok();
    usernames(&page).into_iter().map(ToOwned::to_owned).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}

#[tokio::test]
async fn q_finds_any_part_of_an_email_a_username_or_a_name_in_any_case() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    invite(&admin, "lovelace", "Ada", "King").await;
    invite(&admin, "hopper", "Grace", "Brewster").await;
    for query in ["lovel", "ELACE", "mail-love", "ada", " Ada ", "kIn", "Ada King"] {
        assert_eq!(found(&admin, query).await, ["lovelace"], "{query}");
    }
    assert_eq!(found(&admin, "mail-").await, ["hopper", "lovelace"], "the newest first");
    assert_eq!(found(&admin, "nobody").await, [""; 0]);
}

#[tokio::test]
async fn q_takes_signs_as_they_are() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for (username, first_name) in [
        ("percent", "100%"),
        ("underscore", "a_b"),
        ("backslash", r"a\b"),
        ("plain", "axb"),
        ("quote", "O'Neill"),
        ("under_score", "x"),
    ] {
        invite(&admin, username, first_name, "Signs").await;
    }
    for (query, username) in [
        ("100%", vec!["percent"]),
        ("%", vec!["percent"]),
        ("a_b", vec!["underscore"]),
        ("_", vec!["under_score", "underscore"]),
        (r"a\b", vec!["backslash"]),
        (r"\", vec!["backslash"]),
        ("o'n", vec!["quote"]),
        (r"\%", vec![]),
    ] {
        assert_eq!(found(&admin, query).await, username, "{query}");
    }
}

#[tokio::test]
async fn q_knows_the_letters_of_all_scripts() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    invite(&admin, "ångström", "Änne", "ÅNGSTRÖM").await;
    invite(&admin, "софья", "Софья", "Ковалевская").await;
    invite(&admin, "道元禅師", "道元", "希玄").await;
    for (query, username) in [
        ("änne", "ångström"),
        ("ÄNNE", "ångström"),
        ("ström", "ångström"),
        ("КОВАЛ", "софья"),
        ("ковал", "софья"),
        ("道", "道元禅師"),
    ] {
        assert_eq!(found(&admin, query).await, [username], "{query}");
    }
}

#[tokio::test]
async fn q_finds_names_without_regard_to_case_accents_and_normal_forms() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for (username, first_name, last_name) in [
        ("ibrahim", "İbrahim", "Işık"),
        ("giorgos", "Γιώργος", "ΠΑΠΑΔΌΠΟΥΛΟΣ"),
        ("jose", "Jose\u{301}", "Muñoz"),
        ("lukasz", "Łukasz", "Wójcik"),
        ("oneill", "Siobhán", "O’Neill"),
        ("duc", "Đức", "Nguyễn"),
    ] {
        invite(&admin, &format!("{username}-1"), first_name, last_name).await;
    }
    for (query, username) in [
        ("İBRAHİM", "ibrahim-1"),
        ("ISIK", "ibrahim-1"),
        ("ışık", "ibrahim-1"),
        ("ΓΙΩΡΓΟΣ", "giorgos-1"),
        ("γιωργος παπαδοπουλος", "giorgos-1"),
        ("José", "jose-1"),
        ("jose munoz", "jose-1"),
        ("lukasz wojcik", "lukasz-1"),
        ("o'neill", "oneill-1"),
        ("duc nguyen", "duc-1"),
        ("  duc   nguyen ", "duc-1"),
    ] {
        assert_eq!(found(&admin, query).await, [username], "{query}");
    }
}

#[tokio::test]
async fn filters_by_role_activity_and_closing_narrow_together() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let (one, suspended, closed, teacher) =
        (lyceum.student().await, lyceum.student().await, lyceum.student().await, lyceum.instructor().await);
    admin.patch(&format!("/v1/users/{}", suspended.id), json!({ "is_active": false })).await.ok();
    admin.delete(&format!("/v1/users/{}", closed.id)).await.no_content();
    for (query, expected) in [
        ("role=student", vec![&suspended, &one]),
        ("role=instructor", vec![&teacher]),
        ("role=none", vec![]),
        ("is_active=false", vec![&suspended]),
        ("role=student&is_active=true", vec![&one]),
        ("deleted=true", vec![&closed]),
        ("deleted=true&role=instructor", vec![]),
        ("deleted=false&role=instructor", vec![&teacher]),
        ("role=student&is_active=false&q=school.test", vec![&suspended]),
    ] {
        let page = admin.get(&format!("/v1/users?{query}")).await.ok();
        let mut seen = usernames(&page);
        let mut expected: Vec<_> = expected.into_iter().map(|user| user.username.as_str()).collect();
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_by_keyset_neither_repeat_nor_lose_who_comes_or_goes_between() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let mut invited = Vec::new();
    for number in 0..7 {
        invited.push(invite(&admin, &format!("user{number}"), "Page", "Turner").await);
        if number % 2 == 0 {
            lyceum.clock.advance(TimeDelta::seconds(1)); // others are of the same instant
        }
    }
    let first = admin.get("/v1/users?limit=3&q=turner").await;
    let link = first.header("link").to_owned();
    let first = first.ok();
    assert_eq!(usernames(&first), ["user6", "user5", "user4"]);
    admin.delete(&format!("/v1/users/{}", invited[4]["id"].as_str().unwrap())).await.no_content();
    invite(&admin, "late", "Page", "Turner").await;
    let next = link.split(['<', '>']).nth(1).expect("a link").to_owned();
    assert!(link.ends_with("rel=\"next\""), "{link}");
    let next = next.strip_prefix("https://").map_or(next.clone(), |rest| rest[rest.find('/').unwrap()..].to_owned());
    let second = admin.get(&next).await.ok();
    assert_eq!(usernames(&second), ["user3", "user2", "user1"]);
    let cursor = second["next_cursor"].as_str().unwrap();
    let third = admin.get(&format!("/v1/users?limit=3&q=turner&cursor={cursor}")).await.ok();
    assert_eq!(usernames(&third), ["user0"]);
    assert!(third["next_cursor"].is_null());
}

#[tokio::test]
async fn a_user_is_shown_with_these_fields_and_no_more() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let page = admin.get("/v1/users").await.ok();
    let mut fields: Vec<_> = page["data"][0].as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "bio",
            "created_at",
            "deleted_at",
            "email",
            "first_name",
            "id",
            "is_active",
            "is_email_verified",
            "last_login",
            "last_name",
            "profile_picture_url",
            "role",
            "role_id",
            "updated_at",
            "username"
        ]
    );
}

#[tokio::test]
async fn bad_filters_are_told_all_at_once() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let faults = admin.get("/v1/users?is_active=yes&deleted=1&limit=0&nam=ada&q=%20").await.faults();
    for fault in ["is_active wrong_type", "deleted wrong_type", "limit out_of_range", "nam unknown_field", "q blank"] {
        assert!(faults.iter().any(|told| told == fault), "{fault} in {faults:?}");
    }
    assert_eq!(admin.get("/v1/users?cursor=e30").await.faults(), ["cursor invalid_cursor"]);
    assert_eq!(admin.get("/v1/users?role=student&role=admin").await.is(422).status, 422);
    admin.get(&format!("/v1/users?q={}", "a".repeat(201))).await.is(422);
}

#[tokio::test]
async fn the_list_is_for_those_who_may_read_users() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    lyceum.anonymous().get("/v1/users").await.problem(401, "unauthorized");
    lyceum.instructor().await.get("/v1/users").await.problem(403, "forbidden");
    let reader = lyceum.permitted(&admin, &["users:read"]).await;
    reader.get("/v1/users?deleted=true").await.ok();
    let refused = lyceum.audited("request.refuse").await;
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["changes"], json!({ "route": { "from": null, "to": "GET /v1/users" } }));
}
