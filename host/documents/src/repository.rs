use std::fmt;

/// A repository's pages on the web, to which documents link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    address: String,
    /// What stands between the repository and the kind of page.
    between: &'static str,
}

/// A text is not an address that links can be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "expected the address of a repository's pages, such as https://github.com/owner/name",
        )
    }
}

impl std::error::Error for NotAnAddress {}

impl Repository {
    /// From the address of its pages. Where a part of the host's name begins with `gitlab`, pages lie
    /// below `/-/`, as GitLab has them; else as on GitHub, Gitea and Forgejo.
    ///
    /// # Errors
    ///
    /// When it is not an `http` or `https` address, or has characters that would end a link.
    pub fn new(address: &str) -> Result<Self, NotAnAddress> {
        let trimmed = address.trim_end_matches('/');
        let trimmed = trimmed.strip_suffix(".git").unwrap_or(trimmed);
        let rest = trimmed
            .strip_prefix("https://")
            .or_else(|| trimmed.strip_prefix("http://"))
            .ok_or(NotAnAddress)?;
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:%+".contains(&byte);
        if !rest.contains('/') || !rest.bytes().all(is_safe) {
            return Err(NotAnAddress);
        }
        let host = rest.split('/').next().unwrap_or_default();
        let is_gitlab = host.split('.').any(|part| part.starts_with("gitlab"));
        Ok(Self {
            address: trimmed.to_owned(),
            between: if is_gitlab { "/-" } else { "" },
        })
    }

    /// The address of what lies between two tags.
    #[must_use]
    pub fn compare(&self, from: &str, to: &str) -> String {
        self.page("compare", &format!("{from}...{to}"))
    }

    /// The address of a release.
    #[must_use]
    pub fn release(&self, tag: &str) -> String {
        let kind = if self.between.is_empty() {
            "releases/tag"
        } else {
            "releases"
        };
        self.page(kind, tag)
    }

    /// A link to a commit, shown by the first ten digits of its name.
    #[must_use]
    pub fn commit(&self, id: &str) -> String {
        let short = id.get(..10).unwrap_or(id);
        format!("[`{short}`]({})", self.page("commit", id))
    }

    /// A link to an issue or a change request, shown as `#12`.
    #[must_use]
    pub fn issue(&self, number: &str) -> String {
        format!("[#{number}]({})", self.page("issues", number))
    }

    fn page(&self, kind: &str, name: &str) -> String {
        format!("{}{}/{kind}/{name}", self.address, self.between)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotAnAddress, Repository};

    #[test]
    fn pages_lie_where_the_host_has_them() {
        let github = Repository::new("https://github.com/a/b.git/");
        let github = github.expect("an address");
        assert_eq!(
            github.compare("v1", "v2"),
            "https://github.com/a/b/compare/v1...v2"
        );
        assert_eq!(
            github.release("v2"),
            "https://github.com/a/b/releases/tag/v2"
        );
        assert_eq!(
            github.commit("0123456789abcdef"),
            "[`0123456789`](https://github.com/a/b/commit/0123456789abcdef)"
        );
        let gitlab = Repository::new("https://gitlab.example.com/a/b").expect("an address");
        assert_eq!(
            gitlab.issue("3"),
            "[#3](https://gitlab.example.com/a/b/-/issues/3)"
        );
        assert_eq!(
            gitlab.release("v2"),
            "https://gitlab.example.com/a/b/-/releases/v2"
        );
    }

    #[test]
    fn what_would_break_a_link_is_refused() {
        for address in [
            "",
            "github.com/a/b",
            "javascript:alert(1)",
            "https://example.com",
            "https://example.com/a) [x](y",
            "https://example.com/a b",
            "https://example.com/a?b",
            "https://example.com/a\n",
        ] {
            assert_eq!(Repository::new(address), Err(NotAnAddress), "{address:?}");
        }
    }
}
