use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    metrics (name) {
        name -> Text,
        unit -> Text,
        direction -> Text,
        definition -> Text,
    }
}

table! {
    llms (id) {
        id -> Uuid,
        name -> Text,
        provider -> Nullable<Text>,
    }
}

table! {
    workloads (slug) {
        slug -> Text,
        input_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        request_rate -> Nullable<Double>,
        region -> Nullable<Text>,
        labels -> Jsonb,
    }
}

table! {
    runs (id) {
        id -> Uuid,
        llm_id -> Uuid,
        workload -> Text,
        source -> Text,
        started_at -> Timestamptz,
        tool -> Nullable<Text>,
        tool_version -> Nullable<Text>,
        attempted_requests -> BigInt,
        failed_requests -> BigInt,
        file_sha256 -> Nullable<Binary>,
        file_name -> Nullable<Text>,
        importer_version -> Nullable<Text>,
        recorded_at -> Timestamptz,
        verdict -> Nullable<Text>,
        findings -> Nullable<Jsonb>,
        pooled -> Bool,
    }
}

table! {
    run_metrics (run_id, metric) {
        run_id -> Uuid,
        metric -> Text,
        count -> Nullable<BigInt>,
        mean -> Double,
        squared_deviations -> Nullable<Double>,
        standard_deviation -> Nullable<Double>,
        min -> Nullable<Double>,
        max -> Nullable<Double>,
        p50 -> Nullable<Double>,
        p90 -> Nullable<Double>,
        p95 -> Nullable<Double>,
        p99 -> Nullable<Double>,
        sketch -> Nullable<Binary>,
    }
}

table! {
    latest_runs (metric, workload, llm_id) {
        metric -> Text,
        workload -> Text,
        llm_id -> Uuid,
        started_at -> Timestamptz,
        run_id -> Uuid,
    }
}

table! {
    pooled_runs (metric, workload, llm_id, day) {
        metric -> Text,
        workload -> Text,
        llm_id -> Uuid,
        day -> Timestamptz,
        pool -> Binary,
    }
}

table! {
    rankings (metric, workload) {
        metric -> Text,
        workload -> Text,
        revision -> BigInt,
        published_revision -> Nullable<BigInt>,
    }
}

table! {
    publications (metric, workload, revision) {
        metric -> Text,
        workload -> Text,
        revision -> BigInt,
        published_at -> Timestamptz,
    }
}

table! {
    benchmark (id) {
        id -> Uuid,
        metric -> Text,
        workload -> Text,
        revision -> BigInt,
        llm_name -> Text,
        provider -> Nullable<Text>,
        mean_value -> Double,
        rank -> Integer,
        rank_low -> Integer,
        rank_high -> Integer,
        tier -> Text,
        value -> Double,
        ci_low -> Nullable<Double>,
        ci_high -> Nullable<Double>,
        provisional -> Bool,
        p50 -> Nullable<Double>,
        p90 -> Nullable<Double>,
        p95 -> Nullable<Double>,
        p99 -> Nullable<Double>,
        sample_count -> BigInt,
        run_count -> BigInt,
        attempted_requests -> BigInt,
        failed_requests -> BigInt,
        source -> Text,
        timestamp -> Timestamptz,
    }
}

table! {
    api_keys (id) {
        id -> Uuid,
        hash -> Binary,
        scopes -> Text,
        owner -> Text,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

table! {
    submissions (sender, key) {
        sender -> Text,
        key -> Text,
        digest -> Binary,
        outcomes -> Text,
        recorded_at -> Timestamptz,
    }
}

joinable!(runs -> llms (llm_id));
joinable!(runs -> workloads (workload));
joinable!(run_metrics -> runs (run_id));
allow_tables_to_appear_in_same_query!(latest_runs, llms, run_metrics, runs, workloads);
allow_tables_to_appear_in_same_query!(benchmark, publications, rankings);
