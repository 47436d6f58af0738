//! `folded`, the SQL function by which texts are found, compared and counted.

use sqlx::PgPool;

use crate::harness::DATABASES;

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
async fn a_pattern_takes_signs_as_they_are_and_finds_nothing_for_what_is_not_seen() {
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
