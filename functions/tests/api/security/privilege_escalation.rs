//! Users can't grant permissions that they don't hold, or change users with more permissions. The last administrator
//! can't be removed.

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum, at_once, how_many};

const MANAGER: [&str; 5] = ["users:read", "users:write", "users:assign_role", "roles:read", "roles:write"];

async fn role_of(caller: &Caller, id: &str) -> String {
    caller.get(&format!("/v1/users/{id}")).await.ok()["role"].as_str().unwrap().to_owned()
}

async fn role_named(caller: &Caller, name: &str) -> Value {
    let roles = caller.get("/v1/roles?limit=100").await.ok();
    roles["data"].as_array().unwrap().iter().find(|role| role["name"] == name).expect("the role").clone()
}

#[tokio::test]
async fn a_manager_cannot_change_an_administrator() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let manager = lyceum.permitted(&admin, &MANAGER).await;
    let path = format!("/v1/users/{}", admin.id);
    manager.patch(&path, json!({ "first_name": "Owned" })).await.problem(403, "forbidden");
    manager.patch(&path, json!({ "is_active": false })).await.problem(403, "forbidden");
    manager.delete(&path).await.problem(403, "forbidden");
    manager.put(&format!("{path}/role"), json!({ "role": "student" })).await.problem(403, "forbidden");
    admin.get("/v1/me").await.ok();

    let closed = lyceum.admin().await;
    admin.delete(&format!("/v1/users/{}", closed.id)).await.no_content();
    manager.post(&format!("/v1/users/{}/restore", closed.id), json!({})).await.problem(403, "forbidden");
    assert_eq!(lyceum.audited("request.refuse").await.len(), 5);
}

#[tokio::test]
async fn a_manager_cannot_create_an_administrator() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let manager = lyceum.permitted(&admin, &MANAGER).await;
    let student = lyceum.student().await;
    for id in [&student.id, &manager.id] {
        let path = format!("/v1/users/{id}/role");
        manager.put(&path, json!({ "role": "admin" })).await.problem(403, "forbidden");
        let id = role_named(&manager, "admin").await["id"].clone();
        manager.put(&path, json!({ "role_id": id })).await.problem(403, "forbidden");
        manager.put(&path, json!({ "role": "instructor" })).await.problem(403, "forbidden"); // the manager doesn't hold courses:create
    }
    let new = |role: &str| json!({ "email": "new@school.test", "username": "newcomer", "first_name": "N", "last_name": "C", "role": role });
    manager.post("/v1/users", new("admin")).await.problem(403, "forbidden");
    manager.post("/v1/users", new("instructor")).await.problem(403, "forbidden");
    assert_eq!(manager.post("/v1/users", new("student")).await.created()["role"], "student");
    assert_eq!(role_of(&admin, &student.id).await, "student");
}

#[tokio::test]
async fn a_role_cannot_get_permissions_that_the_manager_does_not_hold() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let manager = lyceum.permitted(&admin, &MANAGER).await;
    for lacking in ["*", "audit:read", "courses:update:any", "categories:write"] {
        let new = json!({ "name": format!("With {lacking}"), "permissions": ["users:read", lacking] });
        let problem = manager.post("/v1/roles", new).await.problem(403, "forbidden");
        assert!(problem["detail"].as_str().unwrap().contains(lacking), "{problem}");
    }
    let own =
        role_named(&manager, admin.get(&format!("/v1/users/{}", manager.id)).await.ok()["role"].as_str().unwrap())
            .await;
    let own = format!("/v1/roles/{}", own["id"].as_str().unwrap());
    let mut wider = MANAGER.to_vec();
    wider.push("audit:read");
    manager.patch(&own, json!({ "permissions": wider })).await.problem(403, "forbidden");
    manager.patch(&own, json!({ "permissions": ["*"] })).await.problem(403, "forbidden");
    // a role with more permissions than the manager can't be reduced or deleted either
    let instructor = role_named(&manager, "instructor").await;
    let instructor = format!("/v1/roles/{}", instructor["id"].as_str().unwrap());
    manager.patch(&instructor, json!({ "permissions": [] })).await.problem(403, "forbidden");
    let auditor = admin.post("/v1/roles", json!({ "name": "Auditor", "permissions": ["audit:read"] })).await.created();
    manager.delete(&format!("/v1/roles/{}", auditor["id"].as_str().unwrap())).await.problem(403, "forbidden");
    // within their own permissions, managers can
    let narrower = json!({ "name": "Reader", "permissions": ["users:read"] });
    let made = manager.post("/v1/roles", narrower).await.created();
    manager.delete(&format!("/v1/roles/{}", made["id"].as_str().unwrap())).await.no_content();
}

#[tokio::test]
async fn suspending_inviting_and_assigning_each_require_their_own_permission() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let student = format!("/v1/users/{}", lyceum.student().await.id);
    let writer = lyceum.permitted(&admin, &["users:write"]).await;
    writer.get(&student).await.problem(403, "forbidden");
    writer.put(&format!("{student}/role"), json!({ "role": "student" })).await.problem(403, "forbidden");
    let new =
        json!({ "email": "a@school.test", "username": "aaa", "first_name": "A", "last_name": "A", "role": "student" });
    writer.post("/v1/users", new).await.problem(403, "forbidden");
    writer.patch(&student, json!({ "is_active": false })).await.no_content();
    let assigner = lyceum.permitted(&admin, &["users:assign_role"]).await;
    assigner.patch(&student, json!({ "is_active": true })).await.problem(403, "forbidden");
    assigner.put(&format!("{student}/role"), json!({ "role": "student" })).await.no_content();
    assigner.delete(&student).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let path = format!("/v1/users/{}", admin.id);
    admin.put(&format!("{path}/role"), json!({ "role": "student" })).await.problem(409, "last-administrator");
    admin.patch(&path, json!({ "is_active": false })).await.problem(409, "last-administrator");
    admin.delete(&path).await.problem(409, "last-administrator");
    let password = json!({ "password": crate::harness::PASSWORD });
    admin.send("DELETE", "/v1/me", Some(password.clone())).await.problem(409, "last-administrator");
    admin.get("/v1/me").await.ok();

    // one who is suspended, closed or has not come yet does not count
    let other = lyceum.admin().await;
    admin.patch(&format!("/v1/users/{}", other.id), json!({ "is_active": false })).await.ok();
    admin.delete(&path).await.problem(409, "last-administrator");
    let invited = json!({ "email": "next@school.test", "username": "next", "first_name": "N", "last_name": "N", "role": "admin" });
    admin.post("/v1/users", invited).await.created();
    admin.delete(&path).await.problem(409, "last-administrator");
    admin.patch(&format!("/v1/users/{}", other.id), json!({ "is_active": true })).await.ok();
    admin.send("DELETE", "/v1/me", Some(password)).await.no_content();
}

#[tokio::test]
async fn the_last_role_that_can_do_everything_keeps_it() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let owner = lyceum.permitted(&admin, &["*"]).await;
    owner.put(&format!("/v1/users/{}/role", admin.id), json!({ "role": "student" })).await.ok();
    let role = owner.get("/v1/me").await.ok()["role"].as_str().unwrap().to_owned();
    let role = format!("/v1/roles/{}", role_named(&owner, &role).await["id"].as_str().unwrap());
    owner.patch(&role, json!({ "permissions": ["users:read"] })).await.problem(409, "last-administrator");
    owner.patch(&role, json!({ "permissions": ["users:read", "*"], "name": "Owners" })).await.ok();
    owner.put(&format!("/v1/users/{}/role", admin.id), json!({ "role": "admin" })).await.ok();
    owner.patch(&role, json!({ "permissions": ["users:read"] })).await.ok();
    owner.get("/v1/roles").await.problem(403, "forbidden");
}

/// Two administrators send 32 concurrent requests each to remove the other one.
async fn one_of_two_remains(what: &'static str) {
    let lyceum = Lyceum::new().await;
    let pair = [lyceum.admin().await, lyceum.admin().await];
    let outcomes = at_once(64, |number| {
        let (caller, other) = (pair[number % 2].clone(), format!("/v1/users/{}", pair[1 - number % 2].id));
        async move {
            let answer = match what {
                "demote" => caller.insist("PUT", &format!("{other}/role"), Some(json!({ "role": "student" }))).await,
                "suspend" => caller.insist("PATCH", &other, Some(json!({ "is_active": false }))).await,
                _ => caller.insist("DELETE", &other, None).await,
            };
            (number % 2, answer.status)
        }
    })
    .await;
    let done = |who: usize| how_many(&outcomes, (who, if what == "close" { 204 } else { 200 }));
    assert!((done(0) > 0) != (done(1) > 0), "exactly one of the two succeeded: {outcomes:?}");
    assert!(outcomes.iter().all(|(_, status)| *status < 500), "{outcomes:?}");
    let left = "SELECT count(*) FROM users u JOIN roles r ON r.id = u.role_id
                WHERE r.name = 'admin' AND u.is_active AND u.deleted_at IS NULL";
    assert_eq!(lyceum.count(left).await, 1);
    pair[usize::from(done(1) > 0)].get("/v1/users").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_demote_each_other_concurrently_one_remains() {
    one_of_two_remains("demote").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_suspend_each_other_concurrently_one_remains() {
    one_of_two_remains("suspend").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_close_each_other_concurrently_one_remains() {
    one_of_two_remains("close").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_permissions_of_one_administrator_and_the_role_of_the_other_concurrently_keeps_one() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let owner = lyceum.permitted(&admin, &["*"]).await;
    let role = owner.get("/v1/me").await.ok()["role"].as_str().unwrap().to_owned();
    let role = format!("/v1/roles/{}", role_named(&owner, &role).await["id"].as_str().unwrap());
    let outcomes = at_once(64, |number| {
        let user = format!("/v1/users/{}/role", admin.id);
        let (who, caller, method, path, body) = match number % 2 {
            0 => ("role", admin.clone(), "PATCH", role.clone(), json!({ "permissions": [] })),
            _ => ("user", owner.clone(), "PUT", user, json!({ "role": "student" })),
        };
        async move { (who, caller.insist(method, &path, Some(body)).await.status) }
    })
    .await;
    assert!((how_many(&outcomes, ("role", 200)) > 0) != (how_many(&outcomes, ("user", 200)) > 0), "{outcomes:?}");
    let left = r#"SELECT count(*) FROM users u JOIN roles r ON r.id = u.role_id WHERE r.permissions @> '["*"]'"#;
    assert_eq!(lyceum.count(left).await, 1);
}

#[tokio::test]
async fn moving_a_lesson_checks_both_courses() {
    let lyceum = Lyceum::new().await;
    let (admin, one, other) = (lyceum.admin().await, lyceum.instructor().await, lyceum.instructor().await);
    let own = CourseInProgress::published(&admin, &one, 1).await;
    let foreign = CourseInProgress::published(&admin, &other, 1).await;
    let second = CourseInProgress::published(&admin, &one, 1).await;
    // into another instructor's course, and into another course of the same instructor
    for (lesson, section) in [(&own.lessons[0], &foreign.section), (&own.lessons[0], &second.section)] {
        let answer = one.patch(&format!("/v1/lessons/{lesson}"), json!({ "section_id": section })).await;
        assert!([403, 404, 422].contains(&answer.status), "{}", answer.text);
    }
    let stolen = one.patch(&format!("/v1/lessons/{}", foreign.lessons[0]), json!({ "section_id": own.section })).await;
    stolen.problem(403, "forbidden");
    let order = json!([foreign.section]);
    one.put(&own.path("/sections/order"), order).await.problem(409, "incomplete-order");
    let order = json!([foreign.lessons[0]]);
    one.put(&format!("/v1/sections/{}/lessons/order", own.section), order).await.problem(409, "incomplete-order");
    let lesson = one.get(&format!("/v1/lessons/{}", own.lessons[0])).await.ok();
    assert_eq!(lesson["section_id"], own.section);
}

#[tokio::test]
async fn ending_another_users_session_is_404_and_does_not_end_it() {
    let lyceum = Lyceum::new().await;
    let (one, other) = (lyceum.student().await, lyceum.student().await);
    let session = other.get("/v1/me/sessions").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    one.delete(&format!("/v1/me/sessions/{session}")).await.problem(404, "not-found");
    other.get("/v1/me").await.ok();
}
