//! What is said alike of every operation that needs a key.

use apistos::paths::Operation;

use crate::auth::{SECURITY_SCHEME, scope_of};

/// The extension that names the scope of an operation. OpenAPI 3.0 has scopes
/// for OAuth 2 only.
pub(crate) const REQUIRED_SCOPE: &str = "x-required-scope";

/// Says which scope an operation needs.
pub(super) fn describe(operation: &mut Operation) {
    let Some(scope) = take_scope(operation) else { return };
    let needs = format!("Needs a key with the scope `{scope}`.");
    operation.extensions.insert(REQUIRED_SCOPE.to_owned(), scope.into());
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{needs}"),
        _ => needs,
    });
}

/// The scope that stands in an operation's security requirement, which is left
/// without it.
fn take_scope(operation: &mut Operation) -> Option<String> {
    let requirement = operation.security.iter_mut().flatten().next()?;
    let scope = requirement.requirements.keys().find_map(|name| scope_of(name))?.to_owned();
    requirement.requirements = [(SECURITY_SCHEME.to_owned(), Vec::new())].into();
    Some(scope)
}
