//! `folded`, the SQL function by which texts are found, compared and counted.

use lyceum::db;
use lyceum::input::is_visible;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

use crate::harness::{DATABASES, cluster};

async fn folded(database: &PgPool, text: &str) -> String {
    sqlx::query_scalar("SELECT folded($1)").bind(text).fetch_one(database).await.unwrap()
}

#[tokio::test]
async fn spellings_of_one_word_fold_to_the_same() {
    let database = DATABASES.create().await.owner;
    for (folding, spellings) in [
        ("ibrahim", &["İbrahim", "IBRAHIM", "ıbrahim", "i\u{307}brahim"][..]),
        ("γιωργοσ", &["ΓΙΩΡΓΟΣ", "Γιώργος", "γιωργοσ", "ΓΙΏΡΓΟΣ"]),
        ("jose", &["José", "JOSE\u{301}", "Ｊｏｓｅ"]),
        ("lukasz lodz", &["Łukasz Łódź", "lukasz\u{a0}\t\u{3000}lodz"]),
        ("strasse", &["Straße", "STRASSE", "STRAẞE"]),
        ("lap trinh", &["Lập trình", "LA\u{323}\u{302}P TRI\u{300}NH"]),
        ("kobenhavn aegir dak", &["København Ægir đak", "KØBENHAVN ÆGIR ĐAK"]),
        ("елка", &["ёлка", "Ё́лка"]),
        ("май її", &["Май Її", "МАИ\u{306} І\u{308}Ї"]), // й is not и, and ї is not і
        ("سلام احمد", &["سَلاَم أحمد", "ســلام\u{200f} احمد"]),
        ("שלום", &["שָׁלוֹם"]),
        ("データ", &["ﾃﾞｰﾀ", "テ\u{3099}ータ"]),
        ("o'neill-jean", &["O’Neill‑Jean", "OʼNeill–Jean"]),
        ("soft", &["so\u{ad}f\u{200b}t\u{feff}"]),
        ("c++ 1", &["Ｃ＋＋ ①"]),
    ] {
        for spelling in spellings.iter().chain([&folding]) {
            assert_eq!(folded(&database, spelling).await, *folding, "{spelling}");
        }
    }
}

#[tokio::test]
async fn marks_that_make_another_letter_stay() {
    let database = DATABASES.create().await.owner;
    for (one, other) in [("カ", "ガ"), ("は", "ぱ"), ("कल", "कला"), ("ปา", "ป่า"), ("мой", "мои"), ("ក", "កិ")]
    {
        assert_ne!(folded(&database, one).await, folded(&database, other).await, "{one} {other}");
    }
}

#[tokio::test]
async fn folding_is_the_same_once_and_twice_composed_and_decomposed_in_any_collation() {
    let database = DATABASES.create().await.owner;
    let different: Vec<String> = sqlx::query_scalar(
        "SELECT format('U+%s', to_hex(n)) FROM (
           SELECT n, chr(n) AS c, folded(chr(n)) AS once FROM generate_series(1, 131071) AS n
           WHERE n NOT BETWEEN 55296 AND 57343
         ) AS characters
         WHERE folded(once) <> once OR folded(normalize(c, NFD)) <> once OR folded(normalize(c, NFKC)) <> once
           OR folded(c COLLATE \"C\") <> once OR folded(c COLLATE \"und-x-icu\") <> once
           OR folded(lower(c COLLATE \"und-x-icu\")) <> once",
    )
    .fetch_all(&database)
    .await
    .unwrap();
    assert_eq!(different, [""; 0]);
}

#[tokio::test]
async fn a_pattern_is_taken_literally_and_an_invisible_one_finds_nothing() {
    let database = DATABASES.create().await.owner;
    for (words, text, found) in [
        ("50%", "about 50% more", true),
        ("50%", "about 500 more", false),
        ("a＿b", "a_b", true),
        ("a_b", "axb", false),
        (r"\", r"a\b", true),
        ("\u{200b}\u{301}", "anything", false),
    ] {
        let is: Option<bool> = sqlx::query_scalar("SELECT folded($1) LIKE folded_pattern($2)")
            .bind(text)
            .bind(words)
            .fetch_one(&database)
            .await
            .unwrap();
        assert_eq!(is.unwrap_or_default(), found, "{words} in {text}");
    }
}

#[tokio::test]
async fn a_visible_label_has_a_folding() {
    let database = DATABASES.create().await.owner;
    let seen: Vec<i32> = sqlx::query_scalar(
        "SELECT n FROM generate_series(1, 1114111) AS n WHERE n NOT BETWEEN 55296 AND 57343 AND n < 262144
           AND btrim(folded(chr(n))) <> ''",
    )
    .fetch_all(&database)
    .await
    .unwrap();
    let seen: std::collections::HashSet<u32> = seen.into_iter().map(|n| u32::try_from(n).unwrap()).collect();
    let invisible = |c: &char| is_visible(&c.to_string()) && !seen.contains(&u32::from(*c));
    let emptied: Vec<char> = ('\u{1}'..'\u{40000}').filter(invisible).collect();
    assert!(emptied.is_empty(), "a label of these would have an empty folding: {emptied:?}");
}

/// Words of scripts whose letters, marks and capitals locales differ about.
const WORDS: &str = "ARRAY['I\u{131}\u{130}i', 'Worker 队列入门', 'データベース', '한국어', 'การเขียนโปรแกรม', 'ភាសាខ្មែរ', 'မြန်မာစာ', \
    'L’élève', 'учёный', 'ΓΙΩΡΓΟΣ', 'مُقَدِّمَة', 'हिन्दी किताबें', 'தமிழ் நூல்', 'C++ .NET e-mail']";

#[tokio::test]
async fn words_and_the_order_of_titles_are_the_same_in_every_locale() {
    let database = DATABASES.create().await;
    let cluster = cluster().await;
    let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await.unwrap();
    let sql = format!(
        "SELECT string_agg(folded(w), ' ' ORDER BY w COLLATE title_order)
           || string_agg(search_vector(l, w)::text, ' ' ORDER BY w COLLATE \"C\", l COLLATE \"C\")
         FROM unnest({WORDS}) AS w, unnest('{{en,tr,hi,ru,NULL}}'::text[]) AS l"
    );
    let expected: String = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&database.owner).await.unwrap();
    for (name, locale) in [("locale_c", "LOCALE 'C'"), ("locale_tr", "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'")] {
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 {locale} OWNER lyceum_owner");
        superuser.execute(AssertSqlSafe(create)).await.unwrap();
        let mut owner = PgConnection::connect(&cluster.url("lyceum_owner", name)).await.unwrap();
        db::migrate(&mut owner).await.unwrap();
        let found: String = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&mut owner).await.unwrap();
        assert_eq!(found, expected, "{locale}");
    }
}
