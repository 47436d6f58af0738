//! The SQL, one statement per table, each over whole ranges of numbers. The sections, lessons and times of course `c`,
//! and the enrolments of learner `l`, follow by arithmetic, so no row must be looked up. The parameters are the numbers
//! of [`super::plan::Plan`]:
//!
//! `$1` courses, `$2` instructors, `$3` users, `$4` completions, `$5` enrolments per learner, `$6` ranges of open
//! courses, `$7` and `$8` the first and the last time in milliseconds, `$9` the password hash of all users.

use anyhow::Result;
use sqlx::{Executor, PgConnection};

pub struct Statement {
    /// The name of the step, as it is printed.
    pub what: &'static str,
    pub sql: &'static str,
}

/// Session-local functions for ids and times. An id is a UUID version 7 made of a time, a kind and a number.
const FUNCTIONS: &str = "
    CREATE FUNCTION pg_temp.id(kind text, at bigint, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN (lpad(to_hex(at), 12, '0') || '7' || kind || '8' || lpad(to_hex(number), 15, '0'))::uuid;
    CREATE FUNCTION pg_temp.time(at bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    RETURN to_timestamp(at / 1000.0);
    -- Returns a number that looks random but is always the same for the same input.
    CREATE FUNCTION pg_temp.mix(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN (number * 48271 + 11) % 2147483647;
    CREATE FUNCTION pg_temp.pick(number bigint, words text[]) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN words[1 + number % cardinality(words)];
    CREATE TEMPORARY TABLE seed_courses (
      c bigint, id uuid, at bigint, title text, tags text[]
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE seed_enrollments (
      number bigint, id uuid, user_id uuid, course_id uuid, c bigint, course_at bigint, at bigint, done bigint, mix bigint
    ) ON COMMIT DROP;";

pub async fn prepare(owner: &mut PgConnection) -> Result<()> {
    owner.execute(FUNCTIONS).await?;
    Ok(())
}

pub fn all() -> [Statement; 15] {
    [
        Statement { what: "users", sql: USERS },
        Statement { what: "categories", sql: CATEGORIES },
        Statement { what: "plan of the courses", sql: PLAN_OF_COURSES },
        Statement { what: "courses", sql: COURSES },
        // The copies were inserted with the courses.
        Statement {
            what: "(copies of tags: written above)",
            sql: "ALTER TABLE course_tags DISABLE TRIGGER course_tags_copied_on_insert",
        },
        Statement { what: "tags of courses", sql: TAGS },
        Statement {
            what: "(copies of tags: kept from now on)",
            sql: "ALTER TABLE course_tags ENABLE TRIGGER course_tags_copied_on_insert",
        },
        Statement { what: "prerequisites", sql: PREREQUISITES },
        Statement { what: "sections", sql: SECTIONS },
        Statement { what: "lessons", sql: LESSONS },
        Statement { what: "plan of the enrolments", sql: PLAN_OF_ENROLLMENTS },
        Statement { what: "enrolments", sql: ENROLLMENTS },
        Statement { what: "completions", sql: COMPLETIONS },
        // As the job does that the triggers enqueued.
        Statement { what: "counts", sql: "SELECT fold_counters(9223372036854775807)" },
        Statement { what: "(the job that counts: done above)", sql: "DELETE FROM jobs WHERE kind = 'fold-counters'" },
    ]
}

const USERS: &str = "
    INSERT INTO users (id, email, username, password_hash, first_name, last_name, role_id, is_email_verified, created_at)
    SELECT pg_temp.id('001', $7 - $3 + n, n), name || '@seed.test', name, $9,
      pg_temp.pick(n, '{Ada,Alan,Barbara,Claude,Donald,Edith,Frances,Grace,Hedy,Ivan,Joan,Katherine,Linus,Margaret,Niklaus,Radia,Sophie,Tim,Vera,Yuki}'),
      pg_temp.pick(n / 20, '{Abel,Berg,Costa,Diaz,Eriksen,Fischer,Garcia,Haas,Ito,Jensen,Kowalski,Lang,Moreau,Novak,Okafor,Pereira,Rossi,Silva,Tanaka,Vogel,Weber,Yilmaz,Zhou}'),
      (SELECT id FROM roles WHERE name = CASE WHEN n <= $2 THEN 'instructor' ELSE 'student' END), true, pg_temp.time($7)
    FROM generate_series(1, $3) AS n,
      LATERAL (SELECT CASE WHEN n <= $2 THEN 'instructor-' || n ELSE 'learner-' || n - $2 END AS name) AS named";

const CATEGORIES: &str = "
    INSERT INTO categories (id, name, slug, description, display_order, created_at)
    SELECT pg_temp.id('002', $7, n), field || ' (seed)', 'seed-' || lower(field), 'Courses about ' || lower(field) || '.', 100 + n, pg_temp.time($7)
    FROM unnest('{Algebra,Astronomy,Biology,Chemistry,Cooking,Databases,Design,Economics,Electronics,Ethics,Geography,Geometry,History,Languages,Law,Linguistics,Literature,Logic,Marketing,Medicine,Music,Networks,Philosophy,Photography,Physics,Programming,Psychology,Security,Statistics,Writing}'::text[])
      WITH ORDINALITY AS f (field, n)";

/// Titles consist of words, so that a search has many results. Each tag occurs once, in the order of the copy.
const PLAN_OF_COURSES: &str = "
    INSERT INTO seed_courses
    SELECT c, pg_temp.id('003', at, c), at,
      pg_temp.pick(mix, '{Practical,Modern,Applied,Essential,Advanced,Everyday,Visual,Complete,Friendly,Rigorous,Hands-on,Concise,Classic,Creative,Critical,Scientific}')
        || ' ' || pg_temp.pick(mix / 16, '{Algebra,Anatomy,Architecture,Astronomy,Baking,Botany,Calculus,Calligraphy,Chemistry,Compilers,Composition,Cryptography,Databases,Drawing,Ecology,Economics,Electronics,Ethics,Finance,Gardening,Genetics,Geology,Geometry,Grammar,Harmony,History,Journalism,Kubernetes,Lighting,Linguistics,Logic,Marketing,Mechanics,Negotiation,Networks,Nutrition,Optics,Painting,Philosophy,Photography,Physics,Poetry,Pottery,Probability,Programming,Psychology,Rhetoric,Robotics,Sculpture,Security,Sewing,Sociology,Spanish,Statistics,Storytelling,Surveying,Swimming,Taxation,Thermodynamics,Topology,Translation,Typography,Weaving,Woodworking}')
        || ' ' || pg_temp.pick(mix / 1024, '{for Beginners,in Depth,by Example,for Teams,at Work,in Practice,from Scratch,Step by Step,for Teachers,in Ten Lessons,Workshop,Masterclass}'),
      ARRAY(SELECT DISTINCT 'topic-' || (mix / step) % 200 FROM unnest('{1,199,39601}'::bigint[]) AS step ORDER BY 1)
    FROM generate_series(1, $1) AS c,
      LATERAL (SELECT $7 + c * (($8 - $7) / ($1 + 1)) AS at, pg_temp.mix(c) AS mix) AS course";

/// Of fifty consecutive courses one is a draft, one archived, one private and one restricted. A quarter has a price.
const COURSES: &str = "
    INSERT INTO courses (id, title, slug, description, instructor_id, category_id, status, visibility, is_featured,
      difficulty_level, language, price, estimated_hours, tags, created_by, updated_by, published_at, created_at, updated_at)
    SELECT id, title, 'seed-' || replace(lower(title), ' ', '-') || '-' || c,
      title || '. Ten short lessons with exercises, one to read on, and what it takes to go further: ' || array_to_string(tags, ', ') || '.',
      instructor, pg_temp.id('002', $7, 1 + pg_temp.mix(c) % 30),
      CASE c % 50 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'published' END,
      CASE c % 50 WHEN 2 THEN 'private' WHEN 3 THEN 'restricted' ELSE 'public' END,
      c % 100 = 7, pg_temp.pick(c, '{beginner,intermediate,advanced}'), pg_temp.pick(c, '{en,en,en,en,en,de,fr,es}'),
      CASE WHEN c % 4 = 0 THEN 10 + c % 90 ELSE 0 END, 1 + c % 40, to_jsonb(tags), instructor, instructor,
      CASE WHEN c % 50 <> 0 THEN pg_temp.time(at) END, pg_temp.time(at), pg_temp.time(at)
    FROM seed_courses, LATERAL (SELECT pg_temp.id('001', $7 - $3 + 1 + c % $2, 1 + c % $2) AS instructor) AS taught";

const TAGS: &str = "
    INSERT INTO course_tags (id, course_id, tag, created_at)
    SELECT pg_temp.id('004', at, c * 4 + place), id, tag, pg_temp.time(at)
    FROM seed_courses, unnest(tags) WITH ORDINALITY AS t (tag, place)";

const PREREQUISITES: &str = "
    INSERT INTO course_prerequisites (course_id, prerequisite_course_id, min_completion_percentage)
    SELECT course.id, before.id, CASE WHEN course.c % 100 = 49 THEN 50 ELSE 100 END
    FROM seed_courses course JOIN seed_courses before ON before.c = course.c - 1
    WHERE course.c % 50 = 49";

const SECTIONS: &str = "
    INSERT INTO sections (id, course_id, title, display_order, created_at, updated_at)
    SELECT pg_temp.id('005', at, c * 2 + s), id, pg_temp.pick(s, '{Practice,Foundations}'), s, pg_temp.time(at), pg_temp.time(at)
    FROM seed_courses, generate_series(1, 2) AS s";

/// Five lessons of a section count. The sixth is optional in the first section, and unpublished in the second.
const LESSONS: &str = "
    INSERT INTO lessons (id, section_id, title, lesson_type, video_url, video_provider, markdown_content, display_order,
      duration_minutes, is_published, requires_completion, created_at, updated_at)
    SELECT pg_temp.id('006', at, c * 12 + s * 6 + p), pg_temp.id('005', at, c * 2 + s), 'Lesson ' || (s - 1) * 6 + p,
      CASE WHEN p = 1 THEN 'video' ELSE 'text' END, CASE WHEN p = 1 THEN 'https://www.youtube.com/watch?v=dQw4w9WgXcQ' END,
      CASE WHEN p = 1 THEN 'youtube' END, CASE WHEN p > 1 THEN '## ' || title || E'\\n\\nRead, try it, and write down what surprised you.' END,
      p, 5 + p * 3, p < 6 OR s = 1, p < 6, pg_temp.time(at), pg_temp.time(at)
    FROM seed_courses, generate_series(1, 2) AS s, generate_series(1, 6) AS p";

/// Two consecutive enrolments share a fixed number of completions, so that the total is exact. All shares from none to
/// all are equally frequent.
const PLAN_OF_ENROLLMENTS: &str = "
    INSERT INTO seed_enrollments
    SELECT number, pg_temp.id('007', begun, number), user_id, course.id, course.c, course.at, begun,
      CASE WHEN number % 2 = 0 THEN first ELSE both_done - first END, mix
    FROM generate_series(1, $3 - $2) AS l
    CROSS JOIN generate_series(0, $5 - 1) AS j
    CROSS JOIN LATERAL (SELECT (l - 1) * $5 + j AS number, ($3 - $2) * $5 / 2 AS pairs,
      pg_temp.id('001', $7 - $3 + $2 + l, $2 + l) AS user_id,
      $6[j + 1] + (l * 7919 + j * 104729) % ($6[j + 2] - $6[j + 1]) AS open) AS enrollment
    CROSS JOIN LATERAL (SELECT pg_temp.mix(number) AS mix,
      (number / 2 + 1) * $4 / pairs - (number / 2) * $4 / pairs AS both_done) AS pair
    CROSS JOIN LATERAL (SELECT greatest(0, both_done - 10)
      + pg_temp.mix(number / 2) % (least(10, both_done) - greatest(0, both_done - 10) + 1) AS first) AS share
    JOIN seed_courses course ON course.c = open / 46 * 50 + 3 + open % 46
    CROSS JOIN LATERAL (SELECT course.at + ($8 - course.at) * (mix % 800) / 1000 AS begun) AS moment";

const ENROLLMENTS: &str = "
    INSERT INTO enrollments (id, user_id, course_id, enrolled_at, completion_percentage, status, completed_at,
      last_accessed_at, created_at, updated_at)
    SELECT id, user_id, course_id, pg_temp.time(at), trunc(100.0 * done / 10, 2),
      CASE WHEN done = 10 THEN 'completed' WHEN mix % 20 = 0 THEN 'dropped' ELSE 'active' END,
      CASE WHEN done = 10 THEN last END, CASE WHEN done > 0 THEN last END, pg_temp.time(at), last
    FROM seed_enrollments, LATERAL (SELECT pg_temp.time(at + done * ($8 - at) / 11) AS last) AS accessed";

/// Completes the first counting lessons of each enrolment, in order.
const COMPLETIONS: &str = "
    INSERT INTO lesson_completions (id, user_id, lesson_id, enrollment_id, completed_at, time_spent_minutes, created_at)
    SELECT pg_temp.id('008', completed, number * 10 + k), user_id,
      pg_temp.id('006', course_at, c * 12 + ((k - 1) / 5 + 1) * 6 + (k - 1) % 5 + 1),
      id, pg_temp.time(completed), 5 + mix % 50, pg_temp.time(completed)
    FROM seed_enrollments JOIN generate_series(1, 10) AS k ON k <= done
    CROSS JOIN LATERAL (SELECT at + k * ($8 - at) / 11 AS completed) AS moment";
