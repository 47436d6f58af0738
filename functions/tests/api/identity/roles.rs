use serde_json::{Value, json};

use crate::harness::{Caller, Lyceum};

async fn create(admin: &Caller, name: &str, permissions: &[&str]) -> String {
    let role = admin.post("/v1/roles", json!({ "name": name, "permissions": permissions })).await.created();
    format!("/v1/roles/{}", role["id"].as_str().unwrap())
}

async fn built_in(admin: &Caller, name: &str) -> String {
    let roles = admin.get("/v1/roles").await.ok();
    let role = roles["data"].as_array().unwrap().iter().find(|role| role["name"] == name).unwrap().clone();
    format!("/v1/roles/{}", role["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_role_is_made_changed_and_deleted_each_with_its_row() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let path = create(&admin, "Librarian", &["categories:write", "users:read", "users:read"]).await;
    let role = admin.get(&path).await.ok();
    assert_eq!(role["permissions"], json!(["categories:write", "users:read"]), "each once, in the order given");
    let changed = admin.patch(&path, json!({ "name": "Keeper", "permissions": ["audit:read"] })).await.ok();
    assert_eq!((&changed["name"], &changed["permissions"]), (&json!("Keeper"), &json!(["audit:read"])));
    admin.patch(&path, json!({ "name": "Keeper" })).await.ok();
    admin.delete(&path).await.no_content();
    admin.delete(&path).await.problem(404, "not-found");
    admin.get(&path).await.problem(404, "not-found");
    admin.patch(&path, json!({})).await.problem(404, "not-found");

    let created = lyceum.audited("role.create").await;
    assert_eq!(created[0]["changes"]["permissions"], json!({ "from": null, "to": ["categories:write", "users:read"] }));
    let updated = lyceum.audited("role.update").await;
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0]["changes"]["name"], json!({ "from": "Librarian", "to": "Keeper" }));
    assert_eq!(lyceum.audited("role.delete").await.len(), 1);
}

#[tokio::test]
async fn bad_roles_are_told_all_at_once_and_a_taken_name_is_409() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let bad = json!({ "name": " ", "permissions": ["users:read", "users:own", "**", 1] });
    let mut faults = admin.post("/v1/roles", bad).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/name blank",
            "/permissions/1 unknown_permission",
            "/permissions/2 unknown_permission",
            "/permissions/3 wrong_type"
        ]
    );
    let mut faults = admin.post("/v1/roles", json!({ "id": 1 })).await.faults();
    faults.sort();
    assert_eq!(faults, ["/id unknown_field", "/name required", "/permissions required"]);
    let librarian = create(&admin, "Librarian", &[]).await;
    admin.post("/v1/roles", json!({ "name": "Librarian", "permissions": [] })).await.problem(409, "name-taken");
    admin.post("/v1/roles", json!({ "name": "admin", "permissions": [] })).await.problem(409, "name-taken");
    admin.patch(&librarian, json!({ "name": "student" })).await.problem(409, "name-taken");
    admin.post("/v1/roles", json!({ "name": "a".repeat(51), "permissions": [] })).await.is(422);
}

#[tokio::test]
async fn the_name_of_a_role_is_trimmed_seen_and_unique_without_regard_to_case_and_accents() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let path = create(&admin, "  Chef  de\u{301}partement\u{a0}", &[]).await;
    assert_eq!(admin.get(&path).await.ok()["name"], "Chef département");
    for name in [" admin ", "ADMIN", "Ａｄｍｉｎ", "admın", "ad\u{ad}min", "\u{200b}admin", "chef departement"] {
        admin.post("/v1/roles", json!({ "name": name, "permissions": [] })).await.problem(409, "name-taken");
        let other = create(&admin, "Other", &[]).await;
        admin.patch(&other, json!({ "name": name })).await.problem(409, "name-taken");
        admin.delete(&other).await.no_content();
    }
    for name in ["\u{200b}\u{2060}", "\u{3000}", "\u{301}", "\u{3164}", "\u{feff}"] {
        let role = json!({ "name": name, "permissions": [] });
        assert_eq!(admin.post("/v1/roles", role).await.faults(), ["/name blank"], "{name:?}");
    }
    let student = lyceum.student().await;
    admin.put(&format!("/v1/users/{}/role", student.id), json!({ "role": "CHEF DEPARTEMENT" })).await.ok();
    let page = admin.get("/v1/users?role=chef%20d%C3%A9partement").await.ok();
    assert_eq!(page["data"][0]["id"], json!(student.id));
}

#[tokio::test]
async fn the_built_in_roles_keep_their_names_and_admin_can_do_everything() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    lyceum.admin().await; // it is not for want of another
    for name in ["admin", "instructor", "student"] {
        let path = built_in(&admin, name).await;
        admin.delete(&path).await.problem(409, "built-in-role");
        admin.patch(&path, json!({ "name": "other" })).await.problem(409, "built-in-role");
        admin.patch(&path, json!({ "name": name })).await.ok();
    }
    let path = built_in(&admin, "admin").await;
    admin.patch(&path, json!({ "permissions": ["users:read", "roles:write"] })).await.problem(409, "built-in-role");
    assert_eq!(admin.get(&path).await.ok()["permissions"], json!(["*"]));
    admin.patch(&built_in(&admin, "student").await, json!({ "permissions": ["courses:create"] })).await.ok();
    assert_eq!(student.get("/v1/me").await.ok()["permissions"], json!(["courses:create"]));
}

#[tokio::test]
async fn a_role_that_users_hold_stays_closed_accounts_too() {
    let lyceum = Lyceum::new().await;
    let (admin, student) = (lyceum.admin().await, lyceum.student().await);
    let path = create(&admin, "Librarian", &[]).await;
    let user = format!("/v1/users/{}", student.id);
    admin.put(&format!("{user}/role"), json!({ "role": "Librarian" })).await.ok();
    admin.delete(&path).await.problem(409, "role-in-use");
    admin.delete(&user).await.no_content();
    admin.delete(&path).await.problem(409, "role-in-use");
    admin.post(&format!("{user}/restore"), json!({})).await.ok();
    admin.put(&format!("{user}/role"), json!({ "role": "student" })).await.ok();
    admin.delete(&path).await.no_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_given_while_it_is_deleted_is_held_or_gone() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let path = create(&admin, "Librarian", &[]).await;
    let student = format!("/v1/users/{}/role", lyceum.student().await.id);
    let statuses = crate::harness::at_once(64, |number| {
        let (admin, path, student) = (admin.clone(), path.clone(), student.clone());
        async move {
            match number % 2 {
                0 => ("delete", admin.delete(&path).await.status),
                _ => ("give", admin.put(&student, json!({ "role": "Librarian" })).await.status),
            }
        }
    })
    .await;
    let deleted = crate::harness::how_many(&statuses, ("delete", 204));
    let given = crate::harness::how_many(&statuses, ("give", 200));
    assert!((deleted == 1) != (given > 0), "{statuses:?}");
    assert!(statuses.iter().all(|(_, status)| *status < 500), "{statuses:?}");
}

#[tokio::test]
async fn a_roles_permissions_are_felt_by_its_holders_at_the_next_call() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let reader = lyceum.permitted(&admin, &["users:read", "roles:read"]).await;
    let name = reader.get("/v1/me").await.ok()["role"].as_str().unwrap().to_owned();
    let path = built_in(&admin, &name).await;
    reader.get("/v1/users").await.ok();
    admin.patch(&path, json!({ "permissions": ["audit:read"] })).await.ok();
    reader.get("/v1/users").await.problem(403, "forbidden");
    reader.get("/v1/audit-logs").await.ok();
    admin.patch(&path, json!({ "permissions": ["*"] })).await.ok();
    reader.get("/v1/users").await.ok();
}

#[tokio::test]
async fn roles_come_in_pages_by_name() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    for name in ["Zoologist", "Ångström", "Archivist"] {
        create(&admin, name, &[]).await;
    }
    let (mut names, mut query) = (Vec::new(), "/v1/roles?limit=2".to_owned());
    loop {
        let page = admin.get(&query).await.ok();
        names.extend(page["data"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/v1/roles?limit=2&cursor={cursor}");
    }
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!((names.len(), once.len()), (6, 6), "{names:?}");
    assert_eq!(admin.get("/v1/roles?cursor=bm9uZQ").await.faults(), ["cursor invalid_cursor"]);
}

#[tokio::test]
async fn each_permission_is_explained_in_a_sentence() {
    let lyceum = Lyceum::new().await;
    let admin = lyceum.admin().await;
    let list = admin.get("/v1/permissions").await.ok();
    let list = list["data"].as_array().unwrap();
    let names: Vec<_> = list.iter().map(|one| one["permission"].as_str().unwrap()).collect();
    for permission in lyceum::identity::Permission::ALL {
        assert!(names.contains(&permission.as_str()), "{permission:?}");
    }
    assert!(names.contains(&"*"));
    assert!(list.iter().all(|one| one["description"].as_str().unwrap().ends_with('.')));
    // whatever is listed can be given
    let all: Vec<Value> = list.iter().map(|one| one["permission"].clone()).collect();
    admin.post("/v1/roles", json!({ "name": "All", "permissions": all })).await.created();
}
