//! The authorization matrix `matrix.txt`, checked cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix::{called, matrix};

#[test]
fn the_matrix_has_exactly_the_routes_of_the_api() {
    let routes = lyceum_functions::ALL.iter().flat_map(lyceum::Function::routes);
    let of_the_code: BTreeSet<_> = routes.map(|route| format!("{} {}", route.method, route.path)).collect();
    let (of_the_matrix, cells) = matrix();
    assert_eq!(of_the_matrix, of_the_code);
    let with_cells: BTreeSet<_> = cells.iter().map(|cell| format!("{} {}", cell.method, cell.path)).collect();
    assert_eq!(with_cells, of_the_code);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_of_the_matrix_has_the_expected_status() {
    let wrong = called().await.iter().filter(|called| called.answer.status != called.cell.expected);
    let mut wrong: Vec<_> = wrong.map(|called| format!("{} expected, {called}", called.cell.expected)).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// See `docs/semantics.md`, Audit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_writes_one_audit_row() {
    let mut most_rows: BTreeMap<String, i64> = BTreeMap::new();
    for called in called().await {
        let Some(rows) = called.audited else { continue };
        assert!(rows <= 1, "{rows} rows: {called}");
        // A request that changes nothing answers 200 and writes no row.
        assert!(rows == 1 || called.answer.status == 200, "no row: {called}");
        let of_route = most_rows.entry(format!("{} {}", called.cell.method, called.cell.path)).or_default();
        *of_route = rows.max(*of_route);
    }
    let routes = lyceum_functions::ALL.iter().flat_map(lyceum::Function::routes);
    for route in routes.filter(|route| route.method != "GET") {
        let route = format!("{} {}", route.method, route.path);
        assert_eq!(most_rows.get(&route), Some(&1), "{route} writes an audit row");
    }
}
