-- Rows for every table of the schema of 20261129110100: more than 1,000 in each table that grows without bound.
INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified)
SELECT 'user-' || n || '@school.test', 'user-' || n, 'hash', 'First', 'Last', (SELECT id FROM roles WHERE name = 'student'), true
FROM generate_series(1, 1200) AS n;
INSERT INTO email_changes (user_id, email) SELECT id, 'new-' || email FROM users;
INSERT INTO email_verification_tokens (token, user_id, expires_at) SELECT 'verify-' || id, id, now() FROM users;
INSERT INTO password_reset_tokens (user_id, token, expires_at) SELECT id, 'reset-' || id, now() FROM users;
INSERT INTO username_holds (email, username) SELECT 'held-' || email, 'held-' || username FROM users;
INSERT INTO sessions (user_id, expires_at) SELECT id, now() FROM users;
INSERT INTO refresh_tokens (token, session_id, expires_at) SELECT 'refresh-' || id, id, now() FROM sessions;
INSERT INTO known_addresses (user_id, ip_address) SELECT id, '192.0.2.1' FROM users;
INSERT INTO idempotency_keys (user_id, route, key, request, status, headers, body, expires_at)
SELECT id, '/v1/courses', 'key', '', 201, '{}', '', now() FROM users;
INSERT INTO outbox (purpose, user_id, due_at) SELECT 'verify-email', id, now() FROM users;
INSERT INTO limits (key, until, expires_at) SELECT 'key-' || n, now(), now() FROM generate_series(1, 1200) AS n;
INSERT INTO refusals (caller, route, hour) SELECT id::text, '/v1/users', now() FROM users;
INSERT INTO signing_keys (kid, public_jwk) VALUES ('kid', '{}');
INSERT INTO audit_logs (user_id, action, resource_type, created_at)
SELECT id, 'user.update', 'user', month FROM users, unnest('{2026-11-23,2035-01-01}'::timestamptz[]) AS month;

INSERT INTO categories (name, slug) VALUES ('Databases', 'databases');
INSERT INTO courses (title, slug, description, instructor_id, category_id, created_by, updated_by, status)
SELECT 'Databases', 'course-' || u.username, 'About databases', u.id, c.id, u.id, u.id, 'published' FROM users u, categories c;
INSERT INTO course_tags (course_id, tag) SELECT id, 'tag of ' || slug FROM courses;
INSERT INTO course_prerequisites (course_id, prerequisite_course_id)
SELECT c.id, first.id FROM courses c JOIN courses first ON first.slug = 'course-user-1' AND first.id <> c.id;
INSERT INTO sections (course_id, title) SELECT id, 'First section' FROM courses;
INSERT INTO lessons (section_id, title, is_published) SELECT id, 'First lesson', true FROM sections;
INSERT INTO lesson_html (lesson_id, html, renderer) SELECT id, '<p>A page.</p>', 1 FROM lessons;
INSERT INTO uploads (lesson_id, course_id, uploaded_by, kind, file_name, content_type, size_bytes)
SELECT l.id, c.id, c.instructor_id, 'document', 'a.pdf', 'application/pdf', 5
FROM lessons l JOIN sections s ON s.id = l.section_id JOIN courses c ON c.id = s.course_id;

INSERT INTO enrollments (user_id, course_id) SELECT instructor_id, id FROM courses;
INSERT INTO lesson_completions (user_id, lesson_id, enrollment_id)
SELECT e.user_id, l.id, e.id FROM enrollments e JOIN sections s ON s.course_id = e.course_id JOIN lessons l ON l.section_id = s.id;
INSERT INTO progress_recomputations (course_id) SELECT id FROM courses;
