//! 64 clients who do everything at random: with the order of locks in `docs/locks.md` there is no deadlock.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, CourseInProgress, Lyceum, Random, at_once};

/// The clients of the random test, and how many calls each of them makes.
const CLIENTS: usize = 64;
const CALLS: usize = 16;
const SEED: u64 = 20_261_129;

fn pick<'a, T>(random: &mut Random, from: &'a [T]) -> &'a T {
    &from[random.below(from.len())]
}

/// What the clients call about.
struct World {
    admin: Caller,
    instructors: Vec<Caller>,
    learners: Vec<Caller>,
    /// Instructors whose accounts are closed and restored.
    closing: Vec<Caller>,
    courses: Vec<CourseInProgress>,
    categories: Vec<String>,
    list: String,
}

impl World {
    async fn new(lyceum: &Arc<Lyceum>) -> Self {
        let admin = lyceum.admin().await;
        let (mut instructors, mut learners, mut closing) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..2 {
            instructors.push(lyceum.instructor().await);
            closing.push(lyceum.instructor().await);
        }
        for _ in 0..12 {
            learners.push(lyceum.student().await);
        }
        let mut courses = Vec::new();
        for number in 0..4 {
            courses.push(CourseInProgress::published(&admin, &instructors[number % 2], 3).await);
        }
        for instructor in &closing {
            courses.push(CourseInProgress::published(&admin, instructor, 3).await);
        }
        for course in &courses {
            admin.post(&course.path("/sections"), json!({ "title": "Another" })).await.created();
        }
        let categories = admin.get("/v1/categories").await.ok()["data"].as_array().unwrap().clone();
        let categories = categories.iter().map(|category| category["id"].as_str().unwrap().to_owned()).collect();
        let list = learners.iter().map(|learner| learner.email.clone()).collect::<Vec<_>>().join("\n");
        Self { admin, instructors, learners, closing, courses, categories, list }
    }
}

/// The kinds of calls.
const KINDS: [&str; 34] = [
    "enrol",
    "enrol by slug",
    "enrol another",
    "drop",
    "return",
    "complete",
    "take back",
    "read a lesson",
    "import",
    "edit the words",
    "price",
    "visibility",
    "publish",
    "unpublish",
    "archive",
    "set prerequisites",
    "tag",
    "duplicate",
    "delete and restore",
    "add a section",
    "reorder sections",
    "reorder lessons",
    "move a lesson",
    "edit a lesson",
    "publish a lesson",
    "delete a lesson",
    "delete a section",
    "change a name",
    "change a username",
    "close an account",
    "change a role",
    "change a category",
    "reorder categories",
    "ask for an upload",
];

/// Makes a call of the kind. A few kinds take two calls; the last answer counts.
async fn call(world: &World, kind: &str, random: &mut Random) -> Answer {
    let (admin, course) = (&world.admin, pick(random, &world.courses).clone());
    let (learner, instructor) = (pick(random, &world.learners).clone(), pick(random, &world.instructors).clone());
    let (lesson, number) = (format!("/v1/lessons/{}", pick(random, &course.lessons)), random.below(1_000));
    let (section, category) = (format!("/v1/sections/{}", course.section), pick(random, &world.categories).clone());
    let enrollments = course.path("/enrollments");
    match kind {
        "enrol" | "return" => learner.post(&enrollments, json!({})).await,
        "enrol by slug" => {
            let seen = admin.get(&course.path("")).await;
            let slug = seen.body["slug"].as_str().unwrap_or_default();
            learner.post(&format!("/v1/courses/{slug}/enrollments"), json!({})).await
        }
        "enrol another" => admin.post(&enrollments, json!({ "email": learner.email })).await,
        "drop" => {
            let enrolled = learner.post(&enrollments, json!({})).await;
            let id = enrolled.body["id"].as_str().unwrap_or("00000000-0000-0000-0000-000000000000");
            learner.delete(&format!("/v1/enrollments/{id}")).await
        }
        "complete" => {
            learner.post(&enrollments, json!({})).await;
            learner.put(&format!("{lesson}/completion"), json!({ "notes": "n" })).await
        }
        "take back" => learner.delete(&format!("{lesson}/completion")).await,
        "read a lesson" => learner.get(&lesson).await,
        "import" => {
            let path = course.path("/enrollments/import");
            admin.send_raw("POST", &path, "text/csv", Some(world.list.as_bytes())).await
        }
        "edit the words" => {
            let words = ["alpha beta gamma", "gamma delta epsilon", "epsilon zeta alpha", "beta delta zeta"];
            let body =
                json!({ "title": pick(random, &words), "description": pick(random, &words), "category_id": category });
            admin.patch(&course.path(""), body).await
        }
        "price" => admin.patch(&course.path(""), json!({ "price": pick(random, &["0.00", "0.00", "9.90"]) })).await,
        "visibility" => {
            let visibility = pick(random, &["public", "public", "restricted", "private"]);
            admin.patch(&course.path(""), json!({ "visibility": visibility })).await
        }
        "publish" | "unpublish" | "archive" => admin.post(&course.path(&format!("/{kind}")), json!({})).await,
        "set prerequisites" => {
            let first = json!([{ "prerequisite_course_id": pick(random, &world.courses).id }]);
            let prerequisites = if number % 2 == 0 { json!([]) } else { first };
            admin.put(&course.path("/prerequisites"), prerequisites).await
        }
        "tag" => {
            let tags =
                json!([pick(random, &["a", "b", "c"]), pick(random, &["c", "d", "a"]), pick(random, &["b", "e"])]);
            admin.put(&course.path("/tags"), tags).await
        }
        "duplicate" => admin.post(&course.path("/duplicate"), json!({})).await,
        "delete and restore" => {
            admin.delete(&course.path("")).await;
            admin.post(&course.path("/restore"), json!({})).await
        }
        "add a section" => admin.post(&course.path("/sections"), json!({ "title": "New", "display_order": 1 })).await,
        "reorder sections" => {
            let outline = admin.get(&course.path("/outline")).await;
            let sections = ids(&outline.body["sections"]);
            admin.put(&course.path("/sections/order"), json!(sections)).await
        }
        "reorder lessons" => {
            let outline = admin.get(&course.path("/outline")).await;
            let sections = outline.body["sections"].as_array().cloned().unwrap_or_default();
            let lessons = sections.iter().find(|one| one["id"] == course.section).map(|one| ids(&one["lessons"]));
            admin.put(&format!("{section}/lessons/order"), json!(lessons.unwrap_or_default())).await
        }
        "move a lesson" => admin.patch(&lesson, json!({ "display_order": 1 + number % 4 })).await,
        "edit a lesson" => admin.patch(&lesson, json!({ "markdown_content": format!("Text {number}.") })).await,
        "publish a lesson" => admin.patch(&lesson, json!({ "is_published": number % 2 == 0 })).await,
        "delete a lesson" | "delete a section" => {
            let outline = admin.get(&course.path("/outline")).await;
            let sections = ids(&outline.body["sections"]);
            let target = sections.get(number % sections.len().max(1)).cloned().unwrap_or(json!(course.section));
            let target = format!("/v1/sections/{}", target.as_str().unwrap());
            if kind == "delete a section" {
                return admin.delete(&target).await;
            }
            let new = json!({ "title": "New", "content": "c", "is_published": true });
            let new = admin.post(&format!("{target}/lessons"), new).await;
            let new = new.body["id"].as_str().unwrap_or(&course.lessons[0]).to_owned();
            admin.delete(&format!("/v1/lessons/{new}")).await
        }
        "change a name" => {
            let who = if number % 2 == 0 { &instructor } else { &learner };
            who.patch("/v1/me", json!({ "first_name": format!("Name {number}"), "bio": "b" })).await
        }
        "change a username" => learner.patch("/v1/me", json!({ "username": format!("name{}", number % 20) })).await,
        "close an account" => {
            let account = format!("/v1/users/{}", pick(random, &world.closing).id);
            admin.delete(&account).await;
            admin.post(&format!("{account}/restore"), json!({})).await
        }
        "change a role" => {
            let role = pick(random, &["student", "instructor", "admin"]);
            admin.put(&format!("/v1/users/{}/role", pick(random, &world.closing).id), json!({ "role": role })).await
        }
        "change a category" => {
            let changes = json!({ "name": format!("Name {}", number % 20), "display_order": 1 + number % 5 });
            admin.patch(&format!("/v1/categories/{category}"), changes).await
        }
        "reorder categories" => {
            if number % 3 == 0 {
                let other = pick(random, &world.categories);
                return admin.delete(&format!("/v1/categories/{category}?deleted_courses_to={other}")).await;
            }
            let order = ids(&admin.get("/v1/categories?limit=100").await.body["data"]);
            admin.put("/v1/categories/order", json!(order)).await
        }
        "ask for an upload" => {
            let file = json!({ "file_name": "f.png", "content_type": "image/png", "size_bytes": 1_000 });
            let asked = course.instructor.post(&course.path("/thumbnail"), file).await;
            match asked.body["upload_id"].as_str() {
                Some(id) => course.instructor.delete(&format!("/v1/uploads/{id}")).await,
                None => asked,
            }
        }
        _ => unreachable!("{kind}"),
    }
}

fn ids(objects: &Value) -> Vec<Value> {
    objects.as_array().map(|all| all.iter().rev().map(|one| one["id"].clone()).collect()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_calls_of_64_clients_never_deadlock_or_fail_to_get_a_lock() {
    let lyceum = Lyceum::of_many_connections().await;
    let world = Arc::new(World::new(&lyceum).await);
    let clients = at_once(CLIENTS + 1, |client| {
        let (lyceum, world) = (lyceum.clone(), world.clone());
        async move {
            let mut random = Random(SEED.wrapping_mul(1 + u64::try_from(client).unwrap()));
            let mut done = Vec::new();
            for _ in 0..CALLS {
                if client == CLIENTS {
                    lyceum.run_recompute_progress().await;
                    lyceum.run_jobs().await;
                    lyceum.run("maintain", json!({ "recompute_counters": true })).await;
                    continue;
                }
                let kind = *pick(&mut random, &KINDS);
                let answer = call(&world, kind, &mut random).await;
                let is_refused = answer.status >= 500 || answer.status == 429;
                assert!(!is_refused, "seed {SEED}, client {client}, {kind}: {} {}", answer.status, answer.text);
                done.push((kind, answer.status));
            }
            done
        }
    })
    .await;
    lyceum.run_recompute_progress().await;
    lyceum.assert_progress_is_as_the_facts_say().await;
    lyceum.run_jobs().await;
    lyceum.assert_counts_are_as_the_facts_say().await;
    let mut answers: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for (kind, status) in clients.into_iter().flatten() {
        answers.entry(kind).or_default().push(status);
    }
    for kind in KINDS {
        let statuses = answers.get(kind).map(Vec::as_slice).unwrap_or_default();
        let succeeded = statuses.iter().any(|status| (200..300).contains(status));
        assert!(succeeded, "seed {SEED}: nobody got through with {kind}: {statuses:?}");
    }
    lyceum.assert_no_deadlock().await;
}
