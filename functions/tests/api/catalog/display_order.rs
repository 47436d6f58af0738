//! `display_order` is unique among siblings, also when several people edit at once.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Caller, CourseInProgress, Lyceum};

/// Lessons, sections and categories are ordered alike: a list of siblings, and how they are made and changed.
struct List {
    lyceum: Arc<Lyceum>,
    caller: Caller,
    new: String,
    one: &'static str,
    table: &'static str,
}

impl List {
    async fn lists() -> [Self; 3] {
        let mut lists = Vec::new();
        for (table, one) in [("lessons", "/v1/lessons"), ("sections", "/v1/sections"), ("categories", "/v1/categories")]
        {
            let lyceum = Lyceum::new().await;
            let admin = lyceum.admin().await;
            let new = Self::address(table, &lyceum, &admin).await;
            lists.push(Self { lyceum, caller: admin, new, one, table });
        }
        lists.try_into().map_err(|_| "three").unwrap()
    }

    /// Where new ones are posted, in an empty list.
    async fn address(table: &str, lyceum: &Lyceum, admin: &Caller) -> String {
        if table == "categories" {
            return "/v1/categories".to_owned();
        }
        let course = CourseInProgress::draft(admin, admin, 0).await;
        if table == "lessons" {
            return format!("/v1/sections/{}/lessons", course.section);
        }
        sqlx::query("DELETE FROM sections").execute(&lyceum.database).await.unwrap();
        course.path("/sections")
    }

    fn body(&self, name: &str) -> Value {
        json!({ if self.table == "categories" { "name" } else { "title" }: name })
    }

    async fn add(&self, name: &str, place: Option<i32>) -> Value {
        let mut body = self.body(name);
        if let Some(place) = place {
            body["display_order"] = json!(place);
        }
        self.caller.post(&self.new, body).await.created()
    }

    fn path(&self, one: &Value) -> String {
        format!("{}/{}", self.one, one["id"].as_str().unwrap())
    }

    async fn move_to(&self, one: &Value, place: i32) -> Value {
        self.caller.patch(&self.path(one), json!({ "display_order": place })).await.ok()
    }

    /// `name number` of each, in their order.
    async fn shown(&self) -> String {
        let name = if self.table == "categories" { "name" } else { "title" };
        let sql =
            format!("SELECT string_agg({name} || display_order, ' ' ORDER BY display_order, id) FROM {}", self.table);
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.lyceum.database).await.unwrap()
    }
}

#[tokio::test]
async fn one_that_moves_gets_the_number_and_the_others_make_room() {
    for list in List::lists().await {
        let (a, _b, c) = (list.add("a", None).await, list.add("b", None).await, list.add("c", None).await);
        assert_eq!(list.shown().await, "a1 b2 c3", "{}", list.table);
        assert_eq!(list.move_to(&c, 1).await["display_order"], 1);
        assert_eq!(list.shown().await, "c1 a2 b3", "{}: up", list.table);
        assert_eq!(list.move_to(&c, 3).await["display_order"], 3);
        assert_eq!(list.shown().await, "a1 b2 c3", "{}: down", list.table);
        list.move_to(&a, 2).await;
        assert_eq!(list.shown().await, "b1 a2 c3", "{}: by one", list.table);
        list.move_to(&a, 9).await;
        assert_eq!(list.shown().await, "b1 c3 a9", "{}: behind all", list.table);
        list.move_to(&a, 0).await;
        assert_eq!(list.shown().await, "a0 b1 c3", "{}: before all", list.table);
    }
}

#[tokio::test]
async fn a_new_one_with_a_place_goes_before_the_one_that_has_it() {
    for list in List::lists().await {
        list.add("a", None).await;
        list.add("b", None).await;
        list.add("c", Some(1)).await;
        list.add("d", Some(2)).await;
        list.add("e", None).await;
        assert_eq!(list.shown().await, "c1 d2 a3 b4 e5", "{}", list.table);
    }
}

#[tokio::test]
async fn siblings_that_had_one_number_are_parted_by_the_next_move() {
    for list in List::lists().await {
        let a = list.add("a", None).await;
        list.add("b", None).await;
        list.add("c", None).await;
        let sql = format!("UPDATE {} SET display_order = 1", list.table);
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&list.lyceum.database).await.unwrap();
        list.move_to(&a, 2).await;
        assert_eq!(list.shown().await, "b0 c1 a2", "{}", list.table);
    }
}

#[tokio::test]
async fn the_same_place_again_changes_nothing() {
    for list in List::lists().await {
        list.add("a", None).await;
        let b = list.add("b", None).await;
        let rows = list.lyceum.count("SELECT count(*) FROM audit_logs").await;
        assert_eq!(list.move_to(&b, 2).await, list.caller.get(&list.path(&b)).await.ok());
        assert_eq!(list.lyceum.count("SELECT count(*) FROM audit_logs").await, rows, "{}", list.table);
    }
}

#[tokio::test]
async fn a_move_is_logged_with_the_number_that_it_led_to() {
    for list in List::lists().await {
        list.add("a", None).await;
        let b = list.add("b", None).await;
        list.move_to(&b, 1).await;
        let action = format!(
            "{}.update",
            if list.table == "categories" { "category" } else { &list.table[..list.table.len() - 1] }
        );
        let changes = &list.lyceum.audited(&action).await[0]["changes"];
        assert_eq!(changes["display_order"], json!({ "from": 2, "to": 1 }), "{}", list.table);
    }
}

#[tokio::test]
async fn a_lesson_that_moves_to_another_section_takes_a_place_there() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 3).await;
    let target = instructor.post(&course.path("/sections"), json!({ "title": "Two" })).await.created()["id"].clone();
    for (lesson, place) in [(0, None), (1, Some(1)), (2, Some(2))] {
        let mut body = json!({ "section_id": target });
        if let Some(place) = place {
            body["display_order"] = json!(place);
        }
        instructor.patch(&format!("/v1/lessons/{}", course.lessons[lesson]), body).await.ok();
    }
    let outline = instructor.get(&course.path("/outline")).await.ok();
    let lessons = outline["sections"][1]["lessons"].as_array().unwrap();
    let shown: Vec<_> =
        lessons.iter().map(|one| (one["title"].as_str().unwrap(), one["display_order"].as_i64().unwrap())).collect();
    assert_eq!(shown, [("Lesson 2", 1), ("Lesson 3", 2), ("Lesson 1", 3)]);
}

#[tokio::test]
async fn a_move_makes_an_order_stale_that_was_read_before() {
    let lyceum = Lyceum::new().await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = CourseInProgress::draft(&admin, &instructor, 2).await;
    let section = format!("/v1/sections/{}", course.section);
    let read = instructor.get(&section).await.header("etag").to_owned();
    instructor.patch(&format!("/v1/lessons/{}", course.lessons[1]), json!({ "display_order": 1 })).await.ok();
    let order = json!([course.lessons[0], course.lessons[1]]);
    let put = instructor.with_header("if-match", &read).put(&format!("{section}/lessons/order"), order).await;
    put.problem(412, "precondition-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_add_and_move_at_once_no_two_leave_one_number() {
    for list in List::lists().await {
        let list = Arc::new(list);
        let mut there = Vec::new();
        for number in 0..8 {
            there.push(list.add(&format!("t{number}"), None).await);
        }
        let calls: Vec<_> = (0..64)
            .map(|number: usize| {
                let (list, path) = (list.clone(), list.path(&there[number % 8]));
                tokio::spawn(async move {
                    let place = i32::try_from(number % 5).unwrap() + 1;
                    let answer = match number % 3 {
                        0 => list.caller.insist("POST", &list.new, Some(list.body(&format!("n{number}")))).await,
                        _ => list.caller.insist("PATCH", &path, Some(json!({ "display_order": place }))).await,
                    };
                    assert!([200, 201].contains(&answer.status), "{}", answer.text);
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        let sql = format!("SELECT count(*) - count(DISTINCT display_order) FROM {}", list.table);
        let twice: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&list.lyceum.database).await.unwrap();
        assert_eq!(twice, 0, "{}: {}", list.table, list.shown().await);
    }
}
