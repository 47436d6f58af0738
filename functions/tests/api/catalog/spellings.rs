//! Words are found in every script, with and without accents, in any normal form, however they are joined.

use serde_json::json;

use super::search::Shelf;

/// Percent-encodes all of the text.
pub fn encoded(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}

async fn find(shelf: &Shelf, words: &str) -> Vec<String> {
    shelf.find(&format!("q={}", encoded(words))).await
}

#[tokio::test]
async fn words_of_twelve_languages_are_found() {
    let shelf = Shelf::new().await;
    for (title, language, words) in [
        ("微积分入门课程", "zh", &["课程", "入门", "微积分", "分", "微积分入门课程", "微积分 课程"][..]),
        ("日本語の文法入門、データベースとｶﾀｶﾅ", "ja", &["文法", "日本語", "データ", "カタカナ", "ﾃﾞｰﾀﾍﾞｰｽ", "語"]),
        ("한국어 문법", "ko", &["한국", "한국어", "문법", "한국어 문법"]),
        ("การเขียนโปรแกรมเบื้องต้น", "th", &["โปรแกรม", "เขียน", "เบื้องต้น"]),
        ("ພາສາລາວ ແລະ ວັນນະຄະດີ", "lo", &["ລາວ", "ພາສາ"]),
        ("ភាសាខ្មែរសម្រាប់អ្នកចាប់ផ្ដើម", "km", &["ខ្មែរ", "ភាសា"]),
        ("မြန်မာစာ သင်ခန်းစာ", "my", &["မြန်မာ", "သင်ခန်းစာ"]),
        ("Worker 队列 und Threads", "de", &["Worker 队列", "worker", "队列", "thread"]),
        ("L’élève déjà vu : chevaux", "fr", &["eleve", "élève", "ELEVES", "deja vu", "déjà", "cheval", "l'eleve"]),
        ("Noções básicas de programação", "pt-BR", &["nocoes", "noções", "basica", "programacao", "NOÇÕES"]),
        ("Lập trình căn bản", "vi", &["lap trinh", "lập trình", "can ban", "LẬP"]),
        ("Historia Łodzi i Gdańska", "pl", &["lodzi", "gdanska", "Łodzi", "GDAŃSKA"]),
        ("Smørrebrød på København Ærø", "da", &["smorrebrod", "kobenhavn", "aero", "ÆRØ"]),
        ("Straße und Größe für Übungen", "de", &["strasse", "STRASSE", "grosse", "ubung"]),
        ("Işık ve İstanbul", "tr", &["isik", "istanbul", "ışık", "İSTANBUL"]),
        ("Оптика: учёный ёж", "ru", &["ученый", "УЧЁНЫЙ", "еж", "оптика"]),
        ("Ο Γιώργος μαθαίνει ελληνικά", "el", &["γιωργος", "ΓΙΩΡΓΟΣ", "ελληνικα"]),
        ("مُقَدِّمَة في البرمجة", "ar", &["مقدمة", "البرمجة"]),
        ("מָבוֹא לְתִכְנוּת", "he", &["מבוא", "לתכנות"]),
        ("हिन्दी व्याकरण", "hi", &["हिन्दी", "व्याकरण"]),
    ] {
        let course = shelf.add(json!({ "title": title, "language": language })).await;
        for words in words {
            assert_eq!(find(&shelf, words).await, [title], "{words}");
        }
        shelf.instructor.delete(&course.path("")).await.no_content();
    }
}

#[tokio::test]
async fn what_is_alike_but_another_word_is_not_found() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "入门课程", "language": "zh" })).await;
    shelf.add(json!({ "title": "カート", "language": "ja" })).await;
    for words in ["课门", "门入", "入课程", "ガート"] {
        assert_eq!(find(&shelf, words).await, [""; 0], "{words}");
    }
}

#[tokio::test]
async fn text_in_normal_form_d_is_found_by_form_c_and_the_other_way_round() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Cafe\u{301} and kana \u{304b}\u{3099}" })).await;
    for words in ["café", "cafe\u{301}", "CAFÉ", "cafe", "\u{304c}", "\u{304b}\u{3099}"] {
        assert_eq!(find(&shelf, words).await.len(), 1, "{words}");
    }
}

#[tokio::test]
async fn punctuation_joins_and_parts_words_alike() {
    let shelf = Shelf::new().await;
    for title in ["TCP/IP in practice", "Node.js", "E-mail etiquette", "Wi-Fi", "O’Reilly's way"] {
        shelf.add(json!({ "title": title })).await;
    }
    for (words, title) in [
        ("tcp ip", "TCP/IP in practice"),
        ("tcp/ip", "TCP/IP in practice"),
        ("tcp-ip", "TCP/IP in practice"),
        ("node js", "Node.js"),
        ("node.js", "Node.js"),
        ("nodejs", "Node.js"),
        ("e-mail", "E-mail etiquette"),
        ("email", "E-mail etiquette"),
        ("wifi", "Wi-Fi"),
        ("wi fi", "Wi-Fi"),
        ("oreilly", "O’Reilly's way"),
        ("o'reilly", "O’Reilly's way"),
        ("(node.js)", "Node.js"),
    ] {
        assert_eq!(find(&shelf, words).await, [title], "{words}");
    }
    shelf.add(json!({ "title": "Email" })).await;
    assert_eq!(find(&shelf, "e-mail").await.len(), 2);
}

#[tokio::test]
async fn names_of_languages_are_told_apart() {
    let shelf = Shelf::new().await;
    for title in ["Modern C++", "Learn C#", "The C language", "ASP.NET basics", "F# for all"] {
        shelf.add(json!({ "title": title })).await;
    }
    for (words, title) in [
        ("c++", "Modern C++"),
        ("C++", "Modern C++"),
        ("Ｃ＋＋", "Modern C++"),
        ("c#", "Learn C#"),
        ("csharp", "Learn C#"),
        ("c", "The C language"),
        ("f#", "F# for all"),
        (".net", "ASP.NET basics"),
        (".NET", "ASP.NET basics"),
        ("asp net", "ASP.NET basics"),
        ("asp.net", "ASP.NET basics"),
    ] {
        assert_eq!(find(&shelf, words).await, [title], "{words}");
    }
}

#[tokio::test]
async fn the_exact_spelling_comes_first() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Résumé", "language": "fr" })).await;
    shelf.add(json!({ "title": "Resume", "language": "fr" })).await;
    assert_eq!(find(&shelf, "résumé").await, ["Résumé", "Resume"]);
    assert_eq!(find(&shelf, "RÉSUMÉ").await, ["Résumé", "Resume"]);
    assert_eq!(find(&shelf, "resume").await, ["Resume", "Résumé"]);
    shelf.add(json!({ "title": "Databases", "language": "en" })).await;
    shelf.add(json!({ "title": "Database", "language": "en" })).await;
    assert_eq!(find(&shelf, "databases").await, ["Databases", "Database"]);
    assert_eq!(find(&shelf, "database").await, ["Database", "Databases"]);
}

#[tokio::test]
async fn a_misspelt_word_is_found_with_its_accents_and_without() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "Programação élémentaire", "language": "fr" })).await;
    shelf.add(json!({ "title": "Термодинамика", "language": "ru" })).await;
    for (words, title) in [
        ("programcao", "Programação élémentaire"),
        ("elementiare", "Programação élémentaire"),
        ("élementaier", "Programação élémentaire"),
        ("термодинамка", "Термодинамика"),
    ] {
        assert_eq!(find(&shelf, words).await, [title], "{words}");
    }
}

#[tokio::test]
async fn words_in_quotes_are_found_in_that_order_in_every_script() {
    let shelf = Shelf::new().await;
    shelf.add(json!({ "title": "The art of the short story", "language": "en" })).await;
    shelf.add(json!({ "title": "入门课程 Python 队列", "language": "zh" })).await;
    for (words, found) in [
        ("\"short story\"", 1),
        ("\"story short\"", 0),
        ("\"Short Stóry\"", 1),
        ("\"stories\"", 0), // just this word
        ("stories", 1),
        ("\"课程 python 队列\"", 1),
        ("\"课程 队列\"", 0),
        ("art -\"short story\"", 0),
        ("art -\"story short\"", 1),
        ("课程 -队列", 0),
        ("课程 -入课", 1),
    ] {
        for sort in ["relevance", "newest", "title", "popular"] {
            let query = format!("q={}&sort={sort}", encoded(words));
            assert_eq!(shelf.find(&query).await.len(), found, "{words} by {sort}");
        }
    }
}
