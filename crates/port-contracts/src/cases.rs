/// Expands to the tests of whatever stores runs, rankings, the catalogue and
/// keys: `store_contract!(Place)`, where [`Place`](crate::Place) says how to
/// get such stores.
#[macro_export]
macro_rules! store_contract {
    ($place:ty) => {
        $crate::store_cases!($place, stores => stores, run_store: {
            every_field_of_a_run_survives
            a_run_of_which_little_is_known_survives
            a_run_of_very_many_requests_survives
            a_run_of_each_source_survives
            a_verdict_is_kept_with_all_its_findings
            an_unrankable_run_is_recorded_and_moves_no_ranking
            an_unknown_run_is_none
            a_run_recorded_again_changes_nothing
            a_run_read_from_a_copy_of_its_file_is_known
            a_run_given_twice_in_one_call_is_recorded_once
            a_run_recorded_concurrently_is_recorded_once
            outcomes_are_in_the_order_of_the_runs
            the_scopes_of_new_runs_are_affected_each_once
            runs_are_recorded_all_or_none
            recording_no_runs_changes_nothing
            a_known_workload_keeps_its_conditions
            a_new_workload_has_the_conditions_of_its_first_run
            a_run_under_another_label_than_its_workload_is_refused
            of_labels_recorded_at_once_one_is_that_of_the_workload
            a_thousand_runs_are_recorded_in_one_call
            a_submission_sent_again_is_replayed
            a_key_that_stands_for_another_submission_is_taken
            senders_do_not_share_their_keys
            a_submission_sent_at_once_is_recorded_once
            a_submission_that_failed_may_be_sent_again
            a_submission_is_forgotten_after_its_day_at_the_earliest
            runs_are_listed_the_newest_first
            pages_of_runs_neither_repeat_nor_hide_under_insertion
            runs_that_started_together_are_each_listed_once
            a_page_behind_an_unknown_run_is_none
            a_page_behind_the_last_run_is_empty
            filters_combine
            runs_are_filtered_by_verdict
        });
        $crate::store_cases!($place, stores => stores, ranking_reader: {
            a_scope_without_runs_has_no_contenders
            a_contender_says_what_its_run_said
            contenders_are_of_one_metric_on_one_workload
            latest_is_the_run_that_started_last_whenever_it_was_recorded
            latest_is_the_latest_that_measured_the_metric
            a_run_that_failed_entirely_counts_wherever_its_llm_stands
            an_older_failed_run_counts_in_all_and_not_in_latest
            latest_counts_the_requests_of_a_newer_run_that_mostly_failed
            an_unrankable_run_counts_nowhere
            an_llm_that_only_failed_is_no_contender
            of_runs_that_started_together_that_of_the_greatest_id_is_newest
            requests_without_number_are_the_most_there_can_be
            of_runs_that_started_together_the_greater_id_is_latest
            a_duration_takes_the_runs_that_started_inside_it
            a_window_may_begin_at_any_moment_of_a_day
            the_rate_of_errors_alone_is_a_rate
            runs_of_a_day_that_are_recorded_at_once_all_count
            every_recording_of_something_new_moves_the_revision
            a_run_that_failed_entirely_moves_every_ranking_of_its_llm
        });
        $crate::store_cases!($place, stores => stores, publications: {
            what_was_never_published_is_none
            every_field_of_a_publication_survives
            entries_keep_their_order_where_ranks_are_shared
            a_publication_without_entries_is_one
            a_recording_makes_the_current_ranking_out_of_date
            history_is_in_order_and_in_pages
            history_begins_with_its_span_and_ends_before_its_end
            history_shows_the_last_publication_of_each_bucket
            of_publications_at_once_the_later_revision_is_the_last
            history_of_an_llm_has_its_entries_alone
            publications_are_of_one_metric_on_one_workload
        });
        $crate::store_cases!($place, stores => stores, ranking_publisher: {
            a_publication_of_an_older_basis_is_superseded
            a_publication_of_the_same_basis_is_superseded
            of_concurrent_publications_of_one_basis_one_is_published
            a_scope_is_pending_until_all_its_runs_are_published
            concurrent_recordings_leave_the_ranking_of_all_runs
        });
        $crate::store_cases!($place, stores => stores, catalogue: {
            the_built_in_metrics_are_always_there
            an_added_metric_is_listed_by_name
            a_metric_added_again_is_known
            a_name_has_one_definition
            an_added_metric_can_be_measured
            an_llm_is_known_from_its_first_run_on
            llms_are_listed_by_name_then_provider
            pages_of_llms_neither_repeat_nor_hide_under_insertion
            a_page_behind_an_unknown_llm_is_none
            llms_of_a_name_are_listed_by_provider
            every_field_of_a_workload_survives
            workloads_are_listed_by_slug_behind_any_slug
            workloads_with_a_metric_are_those_that_measured_it
        });
        $crate::store_cases!($place, stores => stores, health: {
            a_store_that_works_is_healthy
            the_store_is_called_store
        });
        $crate::api_key_store_contract!($place);
    };
}

/// Expands to the tests of a store of keys, a decorator for example; part of
/// [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! api_key_store_contract {
    ($place:ty) => {
        $crate::store_cases!($place, stores => stores.keys, api_key_store: {
            every_field_of_a_key_survives
            an_unknown_key_is_none
            a_key_is_found_once_it_is_inserted
            there_is_any_key_from_the_first_on
            a_taken_hash_or_id_stays_whose_it_is
            of_keys_with_one_id_at_once_one_is_stored
            keys_are_listed_the_newest_first_in_pages
            a_page_behind_an_unknown_key_is_none
            a_revoked_key_says_since_when
            a_key_is_revoked_once
            the_latest_use_of_a_key_is_noted
        });
    };
}

/// One test per case, each with stores at a place of its own. `stores => ...`
/// says which of them a case is given.
#[doc(hidden)]
#[macro_export]
macro_rules! store_cases {
    ($place:ty, $stores:ident => $given:expr, $port:ident: { $($case:ident)* }) => {
        mod $port {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let place = <$place as $crate::Place>::fresh().await;
                    let $stores = $crate::Place::open(&place).await;
                    $crate::$port::$case($given).await;
                }
            )*
        }
    };
}

/// Expands to the tests of stores that outlive their process:
/// `persistence_contract!(Place)`.
#[macro_export]
macro_rules! persistence_contract {
    ($place:ty) => {
        $crate::persistence_contract!($place: {
            everything_survives_reopening
            recording_goes_on_after_reopening
            what_was_not_published_yet_is_pending_after_reopening
            two_that_are_open_at_once_see_the_same
        });
    };
    ($place:ty: { $($case:ident)* }) => {
        mod persistence {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::persistence::$case(<$place as $crate::Place>::fresh().await).await;
                }
            )*
        }
    };
}

/// Expands to the tests of a cache: `ranking_cache_contract!(cache)`, where
/// `async fn cache(ttl: Duration, bytes: u64, clock: Arc<dyn Clock>) ->
/// Arc<dyn RankingCache>` makes an empty one.
#[macro_export]
macro_rules! ranking_cache_contract {
    ($cache:ident) => {
        $crate::shared_ranking_cache_contract!($cache);
        $crate::ranking_cache_cases!($cache, ranking_cache_in_bounds: {
            what_is_kept_takes_no_more_than_its_bytes
        });
    };
}

/// Expands to the tests of a cache in a server that other processes share: all
/// but that of its size, which the server bounds. `bytes` is then how large one
/// answer may be.
#[macro_export]
macro_rules! shared_ranking_cache_contract {
    ($cache:ident) => {
        $crate::ranking_cache_cases!($cache, ranking_cache: {
            what_was_loaded_is_kept
            what_is_peeked_at_is_what_is_kept
            each_question_has_its_own_answer
            an_answer_is_kept_no_longer_than_its_time
            whoever_asks_at_once_shares_one_load
            whoever_asks_at_once_for_an_expired_answer_shares_one_load
            after_a_failure_the_next_one_tries_again
            a_failure_does_not_hold_up_who_waits
            who_gives_up_does_not_hold_up_who_waits
            what_may_not_be_kept_is_loaded_again
            what_may_not_be_kept_is_shared_by_whoever_asks_at_once
            forgetting_drops_every_answer_about_a_workload
            forgetting_everything_drops_every_answer
            forgetting_touches_no_other_workload
            who_asks_after_forgetting_gets_a_later_load
            a_load_that_ends_after_forgetting_is_not_served
            what_is_too_large_to_keep_is_served
        });
    };
}

/// One test per case, each with a cache and a clock of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! ranking_cache_cases {
    ($cache:ident, $module:ident: { $($case:ident)* }) => {
        mod $module {
            use super::*;
            use $crate::ranking_cache::{BYTES, TTL};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let now = $crate::fixtures::at(0);
                    let clock = std::sync::Arc::new($crate::StoppedClock::at(now));
                    let cache = $cache(TTL, BYTES, clock.clone()).await;
                    $crate::ranking_cache::$case(cache, clock).await;
                }
            )*
        }
    };
}

/// Expands to the tests of a rate limiter: `rate_limiter_contract!(limiter)`,
/// where `async fn limiter(limit: RateLimit) -> Arc<dyn RateLimiter>` makes one
/// that has counted nothing yet.
#[macro_export]
macro_rules! rate_limiter_contract {
    ($limiter:ident) => {
        $crate::rate_limiter_contract!($limiter: {
            the_limit_is_told
            so_many_go_on_at_once_and_no_more
            there_is_nothing_to_wait_for_while_some_remain
            each_one_taken_puts_the_reset_off_by_its_share
            subjects_do_not_know_of_each_other
            a_refusal_takes_nothing
            the_allowance_comes_back_evenly
            the_whole_allowance_is_there_after_its_reset
            of_many_who_ask_at_once_no_more_go_on
        });
    };
    ($limiter:ident: { $($case:ident)* }) => {
        mod rate_limiter {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::rate_limiter::$case(async |limit| $limiter(limit).await).await;
                }
            )*
        }
    };
}

/// Expands to the tests of a bus: `invalidation_bus_contract!(ends)`, where
/// `async fn ends() -> [Arc<dyn InvalidationBus>; 2]` gives two ends of a bus
/// that nobody else is on.
#[macro_export]
macro_rules! invalidation_bus_contract {
    ($ends:ident) => {
        $crate::invalidation_bus_contract!($ends: {
            who_begins_to_listen_forgets_everything
            an_announcement_reaches_every_process_within_a_second
            an_announcement_is_about_its_workload_alone
            of_many_announcements_none_is_lost
            nobody_needs_to_listen
            who_listens_again_forgets_everything
        });
    };
    ($ends:ident: { $($case:ident)* }) => {
        mod invalidation_bus {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let [one, other] = $ends().await;
                    $crate::invalidation_bus::$case(one, other).await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    /// A case that no macro names would never run.
    #[test]
    fn every_case_is_named() {
        let named = include_str!("cases.rs");
        let modules = [
            include_str!("run_store.rs"),
            include_str!("ranking_reader.rs"),
            include_str!("publications.rs"),
            include_str!("ranking_publisher.rs"),
            include_str!("catalogue.rs"),
            include_str!("api_key_store.rs"),
            include_str!("health.rs"),
            include_str!("persistence.rs"),
            include_str!("ranking_cache.rs"),
            include_str!("rate_limiter.rs"),
            include_str!("invalidation_bus.rs"),
        ];
        let mut cases = 0;
        for line in modules.iter().flat_map(|module| module.lines()) {
            let Some(case) = line.strip_prefix("pub async fn ") else { continue };
            let case = case.split('(').next().unwrap();
            assert!(named.lines().any(|line| line.trim() == case), "{case} is not in cases.rs");
            cases += 1;
        }
        assert!(cases > 70, "{cases}");
    }
}
