//! The users and objects that the matrix refers to, created once through the API.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{BUCKET, Caller, DATABASES, Lyceum, PASSWORD};

/// The callers, in the order of the matrix' columns.
pub const CALLERS: [&str; 7] = ["anonymous", "student", "enrolled", "other", "instructor", "admin", "suspended"];

pub struct World {
    lyceum: Arc<Lyceum>,
    callers: HashMap<&'static str, Caller>,
    /// Ids and other values, by `name object` or `name object caller`.
    things: HashMap<String, String>,
}

impl World {
    pub async fn make() -> Self {
        let lyceum = Lyceum::new().await;
        let admin = lyceum.admin().await;
        let (erased, closed) = (lyceum.student().await, lyceum.student().await);
        admin.delete(&format!("/v1/users/{}", erased.id)).await.no_content();
        lyceum.clock.advance(TimeDelta::days(31));
        lyceum.run("maintain", json!({})).await;

        let admin = admin.again().await;
        let mut callers = HashMap::from([("anonymous", lyceum.anonymous())]);
        for (name, role) in [
            ("student", "student"),
            ("enrolled", "student"),
            ("other", "instructor"),
            ("instructor", "instructor"),
            ("suspended", "student"),
        ] {
            callers.insert(name, lyceum.signed_in(role).await);
        }
        callers.insert("admin", admin.clone());
        let mut world = Self { lyceum, callers, things: HashMap::new() };
        world.people(&admin, &erased, &closed).await;
        world.roles(&admin).await;
        world.courses(&admin).await;
        world.uploads().await;
        world.set("proxy a_file", "swagger-ui.css");
        world.set("proxy missing", "none.css");
        world.set("problem a_problem", "not-found");
        world.set("problem missing", "none");
        for name in
            ["user_id", "session_id", "role_id", "category_id", "course_id", "section_id", "lesson_id", "upload_id"]
        {
            world.set(&format!("{name} missing"), "01920000-0000-7000-8000-000000000000");
        }
        world.set("enrollment_id missing", "01920000-0000-7000-8000-000000000000");
        world.set("document_id missing", "01920000-0000-7000-8000-000000000000");
        world.set("document_id published/done", "01920000-0000-7000-8000-000000000000");
        for name in ["hidden", "done", "second_section"] {
            world.set(&format!("{name} missing"), "01920000-0000-7000-8000-000000000001");
        }
        world
    }

    /// Returns a copy for tests that change it. Copies share the S3.
    pub async fn copy(&self) -> Arc<Lyceum> {
        let s3 = |name: &str| (name == "AWS_ENDPOINT_URL_S3").then(|| self.lyceum.s3_endpoint());
        let lyceum = Lyceum::over(DATABASES.copy(&self.lyceum.database_name).await, s3).await;
        lyceum.clock.advance(self.lyceum.clock.now() - lyceum.clock.now());
        lyceum
    }

    pub fn caller(&self, name: &str, lyceum: &Arc<Lyceum>) -> Caller {
        self.callers[name].calling(lyceum)
    }

    /// Returns the value of a name for an object and a caller.
    pub fn thing(&self, name: &str, object: &str, caller: &str) -> &str {
        let names = [format!("{name} {object} {caller}"), format!("{name} {object}"), name.to_owned()];
        let found = names.iter().find_map(|name| self.things.get(name));
        found.unwrap_or_else(|| panic!("the world has no {name} of {object} for {caller}"))
    }

    fn set(&mut self, name: &str, thing: &str) {
        self.things.insert(name.to_owned(), thing.to_owned());
    }

    async fn people(&mut self, admin: &Caller, erased: &Caller, closed: &Caller) {
        admin.delete(&format!("/v1/users/{}", closed.id)).await.no_content();
        self.set("password", PASSWORD);
        let callers: Vec<_> = self.callers.iter().map(|(name, caller)| (*name, caller.clone())).collect();
        for (name, caller) in callers.into_iter().filter(|(_, caller)| !caller.id.is_empty()) {
            self.set(&format!("user_id own {name}"), &caller.id);
            self.set(&format!("email {name}"), &caller.email);
        }
        let student = self.callers["student"].clone();
        let unverified = json!({ "email": "unverified@school.test", "username": "unverified", "password": PASSWORD,
            "first_name": "Un", "last_name": "Verified" });
        self.lyceum.anonymous().post("/v1/auth/register", unverified).await.is(202);
        let verification = self.lyceum.token_mailed_to("unverified@school.test").await;
        student.post("/v1/auth/forgot-password", json!({ "email": student.email })).await.is(202);
        let reset = self.lyceum.token_mailed_to(&student.email).await;
        let somebody = self.lyceum.student().await;
        for (name, thing) in [
            ("user_id own", student.id.as_str()),
            ("user_id anothers", &student.id),
            ("user_id closed", &closed.id),
            ("user_id erased", &erased.id),
            ("somebody", &somebody.id),
            ("somebodys_email", &somebody.email),
            ("email closed", &closed.email),
            ("email unverified", "unverified@school.test"),
            ("email unknown", "nobody@school.test"),
            ("verification_token unverified", &verification),
            ("verification_token unknown", "none"),
            ("reset_token student", &reset),
            ("reset_token unknown", "none"),
            ("refresh_token unknown", "none"),
        ] {
            self.set(name, thing);
        }
        // The second sign-in creates the tokens for refreshing.
        for name in CALLERS.into_iter().skip(1) {
            let caller = self.callers[name].clone();
            let session = caller.get("/v1/me/sessions").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
            self.set(&format!("session_id own {name}"), &session);
            let tokens = caller.sign_in(PASSWORD).await.ok();
            self.set(&format!("refresh_token {name}"), tokens["refresh_token"].as_str().unwrap());
        }
        let (own, anothers) = (
            self.thing("session_id", "own", "student").to_owned(),
            self.thing("session_id", "own", "other").to_owned(),
        );
        self.set("session_id own", &own);
        self.set("session_id anothers", &anothers);
        self.set("session_id anothers other", &own);
        let suspended = format!("/v1/users/{}", self.callers["suspended"].id);
        admin.patch(&suspended, json!({ "is_active": false })).await.ok();
    }

    async fn roles(&mut self, admin: &Caller) {
        let roles = admin.get("/v1/roles").await.ok();
        let named = |name: &str| {
            let mut roles = roles["data"].as_array().unwrap().iter();
            id_of(roles.find(|role| role["name"] == name).expect("a built-in role"))
        };
        self.set("role_id own", &named("student"));
        self.set("role_id administrators", &named("admin"));
        for name in ["custom", "held"] {
            let role = admin.post("/v1/roles", json!({ "name": name, "permissions": [] })).await.created();
            self.set(&format!("role_id {name}"), &id_of(&role));
        }
        let holder = self.lyceum.student().await;
        admin.put(&format!("/v1/users/{}/role", holder.id), json!({ "role": "held" })).await.ok();
    }

    async fn courses(&mut self, admin: &Caller) {
        for name in ["used", "empty"] {
            let category = id_of(&admin.post("/v1/categories", json!({ "name": name })).await.created());
            self.set(&format!("category_id {name}"), &category);
            self.set(&format!("{name}_category"), &category);
        }
        for (name, visibility) in [
            ("draft", "public"),
            ("published", "public"),
            ("unvisited", "public"),
            ("restricted", "restricted"),
            ("private", "private"),
            ("archived", "public"),
            ("deleted", "public"),
        ] {
            self.course(name, visibility).await;
        }
        let another = self.things["course_id unvisited"].clone();
        self.set("another_course", &another);
    }

    /// Creates unfinished uploads: a picture for each caller, and files for a lesson.
    async fn uploads(&mut self) {
        for shown in ["UPDATE users SET profile_picture_url = 'x'", "UPDATE courses SET thumbnail_url = 'x'"] {
            sqlx::query(shown).execute(&self.lyceum.database).await.unwrap();
        }
        let picture = json!({ "file_name": "me.png", "content_type": "image/png", "size_bytes": 5 });
        for name in CALLERS.into_iter().filter(|name| !["anonymous", "suspended"].contains(name)) {
            let asked = self.callers[name].post("/v1/me/picture", picture.clone()).await.is(201).body;
            self.set(&format!("upload_id own {name}"), asked["upload_id"].as_str().unwrap());
        }
        let own = self.thing("upload_id", "own", "student").to_owned();
        self.set("upload_id own", &own);
        let path = format!("/v1/lessons/{}/uploads", self.thing("lesson_id", "published", "instructor"));
        let size = (16 << 20) + 1;
        for (name, kind, content_type, size) in
            [("document", "document", "text/plain", 5), ("parts", "video", "video/mp4", size)]
        {
            let file = json!({ "kind": kind, "file_name": name, "content_type": content_type, "size_bytes": size });
            let asked = self.callers["instructor"].post(&path, file).await.is(201).body;
            self.set(&format!("upload_id {name}"), asked["upload_id"].as_str().unwrap());
        }
        let key = format!("uploads/{}", self.thing("upload_id", "parts", "instructor"));
        let id = "SELECT multipart_id FROM uploads WHERE multipart_id IS NOT NULL";
        let id: String = sqlx::query_scalar(id).fetch_one(&self.lyceum.database).await.unwrap();
        for (number, size) in [(1, size - 1), (2, 1)] {
            let part = self.lyceum.s3().upload_part().bucket(BUCKET).key(&key).upload_id(&id).part_number(number);
            let part = part.body(vec![0; usize::try_from(size).unwrap()].into()).send().await.unwrap();
            self.set(&format!("etag {number}"), part.e_tag.unwrap().trim_matches('"'));
        }
    }

    /// Creates a course in the state of its name. `enrolled` has completed one of its two lessons.
    async fn course(&mut self, name: &str, visibility: &str) {
        let (instructor, enrolled) = (self.callers["instructor"].clone(), self.callers["enrolled"].clone());
        let course = json!({ "title": name, "description": "To test with.", "visibility": visibility,
            "category_id": self.things["used_category"] });
        let course = id_of(&instructor.post("/v1/courses", course).await.created());
        let path = format!("/v1/courses/{course}");
        let section = instructor.post(&format!("{path}/sections"), json!({ "title": "A section" })).await.created();
        let section = id_of(&section);
        let second =
            instructor.post(&format!("{path}/sections"), json!({ "title": "Another section" })).await.created();
        self.set(&format!("second_section {name}"), &id_of(&second));
        for lesson in ["", "/hidden", "/done"] {
            let body = json!({ "title": "A lesson", "markdown_content": "Text.", "is_published": lesson != "/hidden" });
            let id = id_of(&instructor.post(&format!("/v1/sections/{section}/lessons"), body).await.created());
            if lesson != "/done" {
                let document = self.lyceum.shows(&course, &id, &instructor, "document").await;
                self.lyceum.shows(&course, &id, &instructor, "video").await;
                self.set(&format!("document_id {name}{lesson}"), &document);
            }
            self.set(&format!("lesson_id {name}{lesson}"), &id);
            self.set(&format!("{} {name}", lesson.trim_start_matches('/')), &id);
        }
        self.set(&format!("course_id {name}"), &course);
        self.set(&format!("section_id {name}"), &section);
        if name == "draft" {
            return;
        }
        instructor.post(&format!("{path}/publish"), json!({})).await.ok();
        if name == "unvisited" {
            return;
        }
        let enrollment =
            instructor.post(&format!("{path}/enrollments"), json!({ "user_id": enrolled.id })).await.created();
        self.set(&format!("enrollment_id {name}"), &id_of(&enrollment));
        let done = format!("/v1/lessons/{}/completion", self.things[&format!("done {name}")]);
        enrolled.put(&done, json!({})).await.ok();
        match name {
            "archived" => drop(instructor.post(&format!("{path}/archive"), json!({})).await.ok()),
            "deleted" => instructor.delete(&path).await.no_content(),
            _ => {}
        }
    }
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}
