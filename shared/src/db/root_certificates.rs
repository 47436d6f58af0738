//! The certificates that RDS' own lead to. They are part of the program: a function's file system has none of them, and
//! a database that can't be told from another is not talked to. `infra/rds-roots` writes them.

use crate::error::{Error, Result};

/// Each with the name of its region in the line before it.
const ALL: &str = include_str!("../../roots/rds.pem");

/// Those of one region, in PEM. `RDS Proxy` has Amazon's public roots instead, which are trusted beside them.
pub(super) fn of_region(region: &str) -> Result<Vec<u8>> {
    let roots: String = ALL.split_inclusive("-----END CERTIFICATE-----\n").filter(|root| is_of(root, region)).collect();
    if roots.is_empty() {
        let hint = "run infra/rds-roots, or name them in DATABASE_URL: ?sslrootcert=/path";
        return Err(Error::internal(format!("this program knows no roots of RDS in {region}: {hint}")));
    }
    Ok(roots.into_bytes())
}

fn is_of(root: &str, region: &str) -> bool {
    root.strip_prefix("# ").and_then(|name| name.split(' ').next()) == Some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_own_of_each_kind_and_another_has_none() {
        for region in ["eu-central-1", "us-east-1", "ap-southeast-2", "sa-east-1"] {
            let roots = String::from_utf8(of_region(region).unwrap()).unwrap();
            assert_eq!(roots.matches("-----BEGIN CERTIFICATE-----").count(), 3, "RSA of two sizes, and ECC");
            assert_eq!(roots.matches(&format!("# {region} ")).count(), 3);
            let blocks = pem::parse_many(roots).unwrap();
            assert!(blocks.iter().all(|block| block.tag() == "CERTIFICATE" && block.contents().len() > 500));
        }
        let none = of_region("eu-central-9").unwrap_err().to_string();
        assert!(none.contains("eu-central-9") && none.contains("infra/rds-roots"), "{none}");
    }
}
