//! The leaderboard for people: a page that asks the API as any other consumer
//! does, with a key that whoever looks at it has. Nothing is loaded from
//! elsewhere, so that it works with no internet.

use crate::asset::{Asset, CSS, HTML, JAVASCRIPT, gzipped};
use crate::routing::Resource;

/// The page itself. It stands at `/`, where programs get something else.
pub(crate) static PAGE: Asset = Asset::own(HTML, gzipped!("leaderboard.html"));

static STYLE: Asset = Asset::own(CSS, gzipped!("leaderboard.css"));
static SCRIPT: Asset = Asset::own(JAVASCRIPT, gzipped!("leaderboard.js"));

/// The paths of what the page loads.
pub(crate) fn resources() -> Vec<Resource> {
    vec![STYLE.at("/leaderboard.css"), SCRIPT.at("/leaderboard.js")]
}
