//! `cargo run -- seed`: its data equals what the platform itself would create.

use std::sync::Arc;

use lyceum_local::seed::{Sizes, seed};

use crate::harness::{Lyceum, needs_postgres_program, schema_of};

const SIZES: Sizes = Sizes { courses: 120, users: 60, completions: 3_000 };

async fn seeded() -> Arc<Lyceum> {
    let lyceum = Lyceum::new().await;
    seed(&lyceum.owner_url, SIZES, |_| ()).await.unwrap();
    lyceum
}

#[tokio::test]
async fn the_data_follows_every_rule() {
    let lyceum = seeded().await;
    for (what, sql, expected) in [
        ("courses", "SELECT count(*) FROM courses", 120),
        ("users", "SELECT count(*) FROM users", 60),
        ("completions", "SELECT count(*) FROM lesson_completions", 3_000),
        ("lessons of a course", "SELECT min(n) FROM (SELECT count(*) AS n FROM lessons JOIN sections s ON s.id = section_id GROUP BY course_id) AS each", 12),
        (
            "progress that is not what the facts say",
            "SELECT count(*) FROM enrollments e, LATERAL (
               SELECT count(*) AS counted, count(lc.id) AS completed FROM sections s
               JOIN lessons l ON l.section_id = s.id AND l.is_published AND l.requires_completion
               LEFT JOIN lesson_completions lc ON lc.lesson_id = l.id AND lc.enrollment_id = e.id
               WHERE s.course_id = e.course_id) AS fact
             WHERE e.completion_percentage <> trunc(100.0 * fact.completed / fact.counted, 2)
               OR (e.completed_at IS NOT NULL) <> (fact.completed = fact.counted)
               OR (e.status = 'completed') <> (e.completed_at IS NOT NULL)",
            0,
        ),
        (
            "completions that are not their enrolment's",
            "SELECT count(*) FROM lesson_completions lc JOIN lessons l ON l.id = lc.lesson_id JOIN sections s ON s.id = l.section_id
             JOIN enrollments e ON e.id = lc.enrollment_id
             WHERE (e.user_id, e.course_id) <> (lc.user_id, s.course_id) OR lc.completed_at < e.enrolled_at
               OR NOT l.is_published",
            0,
        ),
        ("completions from the future", "SELECT count(*) FROM lesson_completions WHERE completed_at > now()", 0),
        (
            "learners of what takes none",
            "SELECT count(*) FROM enrollments e JOIN courses c ON c.id = e.course_id
             WHERE c.status <> 'published' OR c.visibility = 'private' OR c.created_at > e.enrolled_at
               OR EXISTS (SELECT FROM course_prerequisites p WHERE p.course_id = c.id)",
            0,
        ),
        (
            "copies that are not as the table says",
            "SELECT count(*) FROM courses c
             WHERE tags <> coalesce((SELECT jsonb_agg(tag ORDER BY tag) FROM course_tags WHERE course_id = c.id), '[]')
               OR prerequisites <> coalesce((SELECT jsonb_agg(prerequisite_course_id ORDER BY prerequisite_course_id)
                 FROM course_prerequisites WHERE course_id = c.id), '[]')",
            0,
        ),
        ("courses that no search finds", "SELECT count(*) FROM courses WHERE id NOT IN (SELECT course_id FROM course_search WHERE words <> '')", 0),
        (
            "tags with wrong counts",
            "SELECT count(*) FROM (SELECT folded(t.tag) AS key, count(*) AS course_count FROM course_tags t
               JOIN courses c ON c.id = t.course_id AND is_listed(c) GROUP BY 1) AS counted
             FULL JOIN (SELECT key, course_count FROM tag_counts WHERE course_count > 0) AS n USING (key)
             WHERE n.course_count IS DISTINCT FROM counted.course_count",
            0,
        ),
        ("courses without tags", "SELECT count(*) FROM courses WHERE tags = '[]'", 0),
        ("published courses without a time", "SELECT count(*) FROM courses WHERE (status = 'draft') <> (published_at IS NULL)", 0),
        ("learners who can't sign in", "SELECT count(*) FROM users WHERE NOT is_email_verified OR NOT is_active", 0),
        ("triggers left off", "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'", 0),
    ] {
        assert_eq!(lyceum.count(sql).await, expected, "{what}");
    }
    for status in ["active", "completed", "dropped"] {
        let found: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM enrollments WHERE status = $1)")
            .bind(status)
            .fetch_one(&lyceum.database)
            .await
            .unwrap();
        assert!(found, "no enrolment is {status}");
    }
}

#[tokio::test]
async fn seeding_does_not_change_the_schema() {
    needs_postgres_program!("pg_dump");
    let lyceum = Lyceum::new().await;
    let before = schema_of(&lyceum.owner_url).await;
    seed(&lyceum.owner_url, SIZES, |_| ()).await.unwrap();
    assert_eq!(schema_of(&lyceum.owner_url).await, before);
}

#[tokio::test]
async fn the_api_lists_the_data_page_by_page() {
    let lyceum = seeded().await;
    let (mut path, mut seen) = ("/v1/courses?limit=50".to_owned(), 0);
    loop {
        let page = lyceum.anonymous().get(&path).await.ok();
        seen += page["data"].as_array().unwrap().len();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/courses?limit=50&cursor={cursor}");
    }
    let listed =
        lyceum.count("SELECT count(*) FROM courses WHERE status = 'published' AND visibility <> 'private'").await;
    assert_eq!(i64::try_from(seen).unwrap(), listed);
}

#[tokio::test]
async fn seeding_twice_or_with_invalid_sizes_is_refused() {
    let lyceum = seeded().await;
    let again = seed(&lyceum.owner_url, SIZES, |_| ()).await.unwrap_err();
    assert!(again.to_string().contains("seeded already"), "{again}");
    for sizes in [Sizes { courses: 1, ..SIZES }, Sizes { users: 1, ..SIZES }, Sizes { completions: 1_000_000, ..SIZES }]
    {
        let refused = seed(&lyceum.owner_url, sizes, |_| ()).await.unwrap_err();
        assert!(refused.to_string().contains("require"), "{refused}");
    }
    assert_eq!(lyceum.count("SELECT count(*) FROM courses").await, 120);
}
