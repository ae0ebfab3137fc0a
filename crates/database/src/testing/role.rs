//! PostgreSQL roles with fewer privileges than the owner of a database.

use url::Url;

use super::TestDatabase;

/// A role without privileges of its own.
#[derive(Debug)]
pub struct TestRole {
    pub name: String,
    /// URL of the database with this role's name and password.
    pub url: String,
}

impl TestDatabase {
    /// Creates a role that can connect to this database. The role exists until
    /// [`TestDatabase::drop_role`] is called.
    pub async fn create_role(&self) -> TestRole {
        let mut url: Url = self.url().parse().expect("it is a URL");
        let name = url.path().replace("/test_", "role_");
        self.change(&format!("CREATE ROLE {name} LOGIN PASSWORD 'example'")).await;
        url.set_username(&name).expect("the URL has a server");
        url.set_password(Some("example")).expect("the URL has a server");
        TestRole { name, url: url.into() }
    }

    /// Drops a role, its privileges and everything that it owns in this database.
    pub async fn drop_role(&self, role: &TestRole) {
        self.change(&format!("DROP OWNED BY {}", role.name)).await;
        self.change(&format!("DROP ROLE {}", role.name)).await;
    }
}
