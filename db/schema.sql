CREATE ROLE scorer_admin NOLOGIN;
CREATE ROLE scorer_api NOLOGIN;
CREATE ROLE scorer_caller NOLOGIN;
CREATE ROLE scorer_checker NOLOGIN;
CREATE ROLE scorer_owner NOLOGIN;

CREATE SCHEMA scorer;

ALTER SCHEMA scorer OWNER TO scorer_owner;

CREATE TYPE scorer.stored_credential AS (
	credential jsonb
);

ALTER TYPE scorer.stored_credential OWNER TO scorer_owner;

CREATE FUNCTION scorer.admit_batch(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_count integer, OUT outcome text, OUT legacy_parameters text, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.admit_batch(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_count integer, OUT outcome text, OUT legacy_parameters text, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.answer_credentials(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_address text, p_limit integer, p_older_than bigint, p_newer_than bigint, p_max_bytes integer, OUT outcome text, OUT legacy_parameters text, OUT items text, OUT next_id bigint, OUT prev_id bigint, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.answer_credentials(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_address text, p_limit integer, p_older_than bigint, p_newer_than bigint, p_max_bytes integer, OUT outcome text, OUT legacy_parameters text, OUT items text, OUT next_id bigint, OUT prev_id bigint, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.answer_history(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_created_at timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.answer_history(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_created_at timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.answer_request(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_count integer DEFAULT 1, p_lock_timeout integer DEFAULT NULL::integer, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.answer_request(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_count integer, p_lock_timeout integer, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text DEFAULT NULL::text, p_count integer DEFAULT 0, OUT account_id bigint, OUT legacy_parameters text, OUT api_key_id text, OUT historical_endpoint boolean, OUT rate_limit text, OUT is_refused boolean, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_count integer, OUT account_id bigint, OUT legacy_parameters text, OUT api_key_id text, OUT historical_endpoint boolean, OUT rate_limit text, OUT is_refused boolean, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.change_api_key(p_prefix text, p_name text DEFAULT NULL::text, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_rate_limit text DEFAULT NULL::text, p_read_scores boolean DEFAULT NULL::boolean, p_historical_endpoint boolean DEFAULT NULL::boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.change_api_key(p_prefix text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) OWNER TO scorer_owner;

CREATE FUNCTION scorer.change_scorer(p_scorer_id bigint, p_digest text, p_weights jsonb DEFAULT NULL::jsonb, p_threshold numeric DEFAULT NULL::numeric) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.change_scorer(p_scorer_id bigint, p_digest text, p_weights jsonb, p_threshold numeric) OWNER TO scorer_owner;

CREATE FUNCTION scorer.community_of(p_account_id bigint, p_scorer_id numeric) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.community_of(p_account_id bigint, p_scorer_id numeric) OWNER TO scorer_owner;

CREATE FUNCTION scorer.count_requests(p_api_key_id text, p_rate_limit text, p_count integer, OUT is_refused boolean, OUT rate_window integer[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.count_requests(p_api_key_id text, p_rate_limit text, p_count integer, OUT is_refused boolean, OUT rate_window integer[]) OWNER TO scorer_owner;

CREATE FUNCTION scorer.create_account(p_address text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.create_account(p_address text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.create_api_key(p_account_id bigint, p_prefix text, p_key_hash text, p_name text DEFAULT ''::text, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_rate_limit text DEFAULT NULL::text, p_read_scores boolean DEFAULT true, p_historical_endpoint boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.create_api_key(p_account_id bigint, p_prefix text, p_key_hash text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) OWNER TO scorer_owner;

CREATE FUNCTION scorer.create_community(p_account_id bigint, p_name text, p_weights jsonb, p_threshold numeric, p_human_points_program boolean DEFAULT false, p_external_scorer_id text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.create_community(p_account_id bigint, p_name text, p_weights jsonb, p_threshold numeric, p_human_points_program boolean, p_external_scorer_id text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.ensure_event_partitions(p_months integer, p_from timestamp with time zone DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.ensure_event_partitions(p_months integer, p_from timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.erase_wallet(p_address text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.erase_wallet(p_address text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.event_partitions(OUT partition text, OUT since timestamp with time zone, OUT until timestamp with time zone, OUT attached boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO';

ALTER FUNCTION scorer.event_partitions(OUT partition text, OUT since timestamp with time zone, OUT until timestamp with time zone, OUT attached boolean) OWNER TO scorer_owner;

CREATE FUNCTION scorer.explain_score(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb DEFAULT '[]'::jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off';

ALTER FUNCTION scorer.explain_score(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.five_decimals(p_value numeric) RETURNS text
    LANGUAGE sql IMMUTABLE;

ALTER FUNCTION scorer.five_decimals(p_value numeric) OWNER TO scorer_owner;

CREATE FUNCTION scorer.guard_live_link() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.guard_live_link() OWNER TO scorer_owner;

CREATE FUNCTION scorer.guard_weights() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.guard_weights() OWNER TO scorer_owner;

CREATE FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE;

ALTER FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.keep_checks(p_verifier text, p_checks jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.keep_checks(p_verifier text, p_checks jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.keep_digests(p_ids int8range) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.keep_digests(p_ids int8range) OWNER TO scorer_owner;

CREATE FUNCTION scorer.left_out_reason(p_address text, p_provider text, p_digest bytea, p_issuer text, p_trusted_issuers text[], p_is_checked boolean, p_fault text, p_checked_subject text, p_checked_provider text, p_signed_at timestamp with time zone, p_expires_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE;

ALTER FUNCTION scorer.left_out_reason(p_address text, p_provider text, p_digest bytea, p_issuer text, p_trusted_issuers text[], p_is_checked boolean, p_fault text, p_checked_subject text, p_checked_provider text, p_signed_at timestamp with time zone, p_expires_at timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.list_accounts() RETURNS TABLE(id bigint, address text, communities bigint, api_keys bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.list_accounts() OWNER TO scorer_owner;

CREATE FUNCTION scorer.list_api_keys(p_account_id bigint DEFAULT NULL::bigint) RETURNS TABLE(id text, prefix text, account_id bigint, name text, state text, created timestamp with time zone, last_used_at timestamp with time zone, expires_at timestamp with time zone, rate_limit text, read_scores boolean, historical_endpoint boolean, successor text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.list_api_keys(p_account_id bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.list_communities(p_account_id bigint DEFAULT NULL::bigint) RETURNS TABLE(id bigint, account_id bigint, name text, external_scorer_id text, human_points_program boolean, threshold numeric, providers bigint, deleted_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.list_communities(p_account_id bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.list_credentials(p_address text) RETURNS TABLE(id bigint, provider text, state text, issuer text, expiration_date text, created_at timestamp with time zone, updated_at timestamp with time zone, deleted_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.list_credentials(p_address text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.lock_api_key(p_prefix text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.lock_api_key(p_prefix text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.passports_to_rescore(p_scorer_id bigint, p_since timestamp with time zone, p_expires_before timestamp with time zone, p_after_id bigint, OUT asked_at timestamp with time zone, OUT ids bigint[], OUT addresses text[], OUT scorer_ids bigint[], OUT last_id bigint, OUT ids_left bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.passports_to_rescore(p_scorer_id bigint, p_since timestamp with time zone, p_expires_before timestamp with time zone, p_after_id bigint, OUT asked_at timestamp with time zone, OUT ids bigint[], OUT addresses text[], OUT scorer_ids bigint[], OUT last_id bigint, OUT ids_left bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.prune_checks(p_verifier text, p_limit integer, OUT looked_at bigint, OUT removed bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.prune_checks(p_verifier text, p_limit integer, OUT looked_at bigint, OUT removed bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.put_credential(p_address text, p_credential jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.put_credential(p_address text, p_credential jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.reason_text(p_reason text, OUT why text, OUT change text) RETURNS record
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.reason_text(p_reason text, OUT why text, OUT change text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.require_account(p_account_id bigint) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.require_account(p_account_id bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.require_address(p_address text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.require_address(p_address text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.require_key(p_prefix text, p_key_hash text, p_name text, p_rate_limit text, p_expires_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.require_key(p_prefix text, p_key_hash text, p_name text, p_rate_limit text, p_expires_at timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.require_own_tables(p_what text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.require_own_tables(p_what text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.rescore_wallet(p_address text, p_scorer_id bigint, p_since timestamp with time zone, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_dry_run boolean, OUT outcome text, OUT unchecked text, OUT answer jsonb, OUT was_passing boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.rescore_wallet(p_address text, p_scorer_id bigint, p_since timestamp with time zone, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_dry_run boolean, OUT outcome text, OUT unchecked text, OUT answer jsonb, OUT was_passing boolean) OWNER TO scorer_owner;

CREATE FUNCTION scorer.revoke_api_key(p_prefix text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.revoke_api_key(p_prefix text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.revoke_credentials(p_credential_id bigint DEFAULT NULL::bigint, p_address text DEFAULT NULL::text, p_provider text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.revoke_credentials(p_credential_id bigint, p_address text, p_provider text) OWNER TO scorer_owner;

CREATE FUNCTION scorer.rotate_api_key(p_prefix text, p_new_prefix text, p_new_key_hash text, p_overlap interval DEFAULT '1 day'::interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s';

ALTER FUNCTION scorer.rotate_api_key(p_prefix text, p_new_prefix text, p_new_key_hash text, p_overlap interval) OWNER TO scorer_owner;

CREATE FUNCTION scorer.score_checked_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials scorer.stored_credential[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.score_checked_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials scorer.stored_credential[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean DEFAULT false, p_human_points_start timestamp with time zone DEFAULT '-infinity'::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) OWNER TO scorer_owner;

CREATE FUNCTION scorer.score_wallet(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.score_wallet(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.show_scorer(p_scorer_id bigint, p_providers text[] DEFAULT NULL::text[], OUT id bigint, OUT name text, OUT threshold numeric, OUT weights jsonb, OUT digest text, OUT passports bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.show_scorer(p_scorer_id bigint, p_providers text[], OUT id bigint, OUT name text, OUT threshold numeric, OUT weights jsonb, OUT digest text, OUT passports bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.stamp_fault(p_stamp jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp';

ALTER FUNCTION scorer.stamp_fault(p_stamp jsonb) OWNER TO scorer_owner;

CREATE FUNCTION scorer.unchecked_documents(p_verifier text, p_trusted_issuers text[], p_limit integer, p_look_back bigint, p_done bigint, OUT claim bigint, OUT documents text, OUT ids_left bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'scorer', 'pg_temp'
    SET lock_timeout TO '10s'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off';

ALTER FUNCTION scorer.unchecked_documents(p_verifier text, p_trusted_issuers text[], p_limit integer, p_look_back bigint, p_done bigint, OUT claim bigint, OUT documents text, OUT ids_left bigint) OWNER TO scorer_owner;

CREATE FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) RETURNS numeric
    LANGUAGE sql IMMUTABLE;

ALTER FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) OWNER TO scorer_owner;

CREATE TABLE scorer.account_account (
    id bigint NOT NULL,
    address character varying(100) DEFAULT ''::character varying NOT NULL,
    user_id integer
);

ALTER TABLE scorer.account_account OWNER TO scorer_owner;

ALTER TABLE scorer.account_account ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.account_apikey (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    prefix character varying(8) NOT NULL,
    hashed_key character varying(150) NOT NULL,
    name character varying(50) DEFAULT ''::character varying NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    revoked boolean DEFAULT false NOT NULL,
    expiry_date timestamp with time zone,
    rate_limit character varying(20),
    read_scores boolean DEFAULT true NOT NULL,
    historical_endpoint boolean DEFAULT false NOT NULL,
    CONSTRAINT account_apikey_rate_limit_check CHECK (((rate_limit)::text ~ '^([0-9]{1,9}/([1-9][0-9]{0,3})?[smhd])?$'::text))
);

ALTER TABLE scorer.account_apikey OWNER TO scorer_owner;

ALTER TABLE scorer.account_apikey ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_apikey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.account_community (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    scorer_id bigint NOT NULL,
    name character varying(100) DEFAULT ''::character varying NOT NULL,
    human_points_program boolean DEFAULT false NOT NULL,
    external_scorer_id character varying(42),
    deleted_at timestamp with time zone
);

ALTER TABLE scorer.account_community OWNER TO scorer_owner;

ALTER TABLE scorer.account_community ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.account_community_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE scorer.alembic_version OWNER TO scorer_owner;

CREATE TABLE scorer.api_key_rotation (
    api_key_id text NOT NULL,
    successor_id text NOT NULL,
    rotated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.api_key_rotation OWNER TO scorer_owner;

CREATE TABLE scorer.api_key_use (
    api_key_id text NOT NULL,
    last_used_at timestamp with time zone NOT NULL
);

ALTER TABLE scorer.api_key_use OWNER TO scorer_owner;

CREATE TABLE scorer.api_key_window (
    api_key_id text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    used integer NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE scorer.api_key_window OWNER TO scorer_owner;

CREATE TABLE scorer.ceramic_cache (
    id bigint NOT NULL,
    address character varying(100) NOT NULL,
    provider character varying(256) NOT NULL,
    stamp jsonb NOT NULL,
    proof_value character varying(256) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    digest bytea GENERATED ALWAYS AS (
CASE
    WHEN (octet_length((stamp)::text) <= 65536) THEN sha256(decode(replace((stamp)::text, '\'::text, '\\'::text), 'escape'::text))
    ELSE NULL::bytea
END) STORED
);

ALTER TABLE scorer.ceramic_cache OWNER TO scorer_owner;

ALTER TABLE scorer.ceramic_cache ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.ceramic_cache_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.ceramic_cache_revocation (
    id bigint NOT NULL,
    proof_value character varying(256) DEFAULT ''::character varying NOT NULL,
    ceramic_cache_id bigint NOT NULL
);

ALTER TABLE scorer.ceramic_cache_revocation OWNER TO scorer_owner;

ALTER TABLE scorer.ceramic_cache_revocation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.ceramic_cache_revocation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.check_ahead_claim (
    id bigint NOT NULL,
    progress_id bigint NOT NULL,
    ids int8range NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.check_ahead_claim OWNER TO scorer_owner;

ALTER TABLE scorer.check_ahead_claim ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.check_ahead_claim_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.check_ahead_progress (
    id bigint NOT NULL,
    verifier text NOT NULL,
    trusted_issuers text NOT NULL,
    seen_id bigint DEFAULT 0 NOT NULL,
    left_ids int8multirange DEFAULT '{}'::int8multirange NOT NULL
);

ALTER TABLE scorer.check_ahead_progress OWNER TO scorer_owner;

ALTER TABLE scorer.check_ahead_progress ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.check_ahead_progress_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.check_sweep (
    id integer DEFAULT 1 NOT NULL,
    digest bytea DEFAULT '\x'::bytea NOT NULL,
    CONSTRAINT check_sweep_id_check CHECK ((id = 1))
);

ALTER TABLE scorer.check_sweep OWNER TO scorer_owner;

CREATE TABLE scorer.credential_check (
    digest bytea NOT NULL,
    verifier text NOT NULL,
    fault text,
    issuer text,
    subject text,
    provider text,
    nullifiers jsonb,
    expires_at timestamp with time zone,
    signed_at timestamp with time zone,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credential_check_check CHECK (((fault IS NOT NULL) OR ((num_nulls(issuer, subject, provider, nullifiers, expires_at, signed_at) = 0) AND (jsonb_array_length(nullifiers) > 0)))),
    CONSTRAINT credential_check_digest_check CHECK ((octet_length(digest) = 32))
);

ALTER TABLE scorer.credential_check OWNER TO scorer_owner;

CREATE TABLE scorer.credential_digest (
    ceramic_cache_id bigint NOT NULL,
    row_xmin xid NOT NULL,
    row_ctid tid NOT NULL,
    digest bytea NOT NULL
);

ALTER TABLE scorer.credential_digest OWNER TO scorer_owner;

CREATE TABLE scorer.human_points_bonusaward (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    bonus_type character varying(30) NOT NULL,
    points integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_bonusaward OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_bonusaward ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_bonusaward_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.human_points_passingscorerecord (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    community_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_passingscorerecord OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_passingscorerecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_passingscorerecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.human_points_stampaction (
    id bigint NOT NULL,
    address character varying(42) NOT NULL,
    provider character varying(256) NOT NULL,
    action character varying(30) DEFAULT 'VERIFIED'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE scorer.human_points_stampaction OWNER TO scorer_owner;

ALTER TABLE scorer.human_points_stampaction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.human_points_stampaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.human_points_wallet (
    address character varying(42) NOT NULL
);

ALTER TABLE scorer.human_points_wallet OWNER TO scorer_owner;

CREATE TABLE scorer.registry_event (
    id bigint NOT NULL,
    action character varying(30) NOT NULL,
    address character varying(42) NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    community_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
PARTITION BY RANGE (created_at);

ALTER TABLE scorer.registry_event OWNER TO scorer_owner;

CREATE SEQUENCE scorer.registry_event_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE scorer.registry_event_ids OWNER TO scorer_owner;

ALTER SEQUENCE scorer.registry_event_ids OWNED BY scorer.registry_event.id;

CREATE TABLE scorer.registry_hashscorerlink (
    id bigint NOT NULL,
    hash character varying(100) NOT NULL,
    address character varying(42) NOT NULL,
    community_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE scorer.registry_hashscorerlink OWNER TO scorer_owner;

ALTER TABLE scorer.registry_hashscorerlink ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_hashscorerlink_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_passport (
    id bigint NOT NULL,
    address character varying(100) NOT NULL,
    community_id bigint NOT NULL
);

ALTER TABLE scorer.registry_passport OWNER TO scorer_owner;

ALTER TABLE scorer.registry_passport ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_passport_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_score (
    id bigint NOT NULL,
    passport_id bigint NOT NULL,
    score numeric(18,9),
    status character varying(20),
    last_score_timestamp timestamp with time zone,
    evidence jsonb,
    stamp_scores jsonb,
    stamps jsonb,
    expiration_date timestamp with time zone,
    error text
)
WITH (fillfactor='50');

ALTER TABLE scorer.registry_score OWNER TO scorer_owner;

ALTER TABLE scorer.registry_score ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_score_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE scorer.registry_stamp (
    id bigint NOT NULL,
    passport_id bigint NOT NULL,
    provider character varying(256) NOT NULL,
    credential jsonb NOT NULL
);

ALTER TABLE scorer.registry_stamp OWNER TO scorer_owner;

ALTER TABLE scorer.registry_stamp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.registry_stamp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW scorer.score_update AS
 SELECT address,
    community_id,
    created_at,
    data
   FROM scorer.registry_event e
  WHERE ((action)::text = 'SCORE_UPDATE'::text);

ALTER VIEW scorer.score_update OWNER TO scorer_owner;

CREATE TABLE scorer.scorer_weighted_binaryweightedscorer (
    scorer_ptr_id bigint NOT NULL,
    weights jsonb DEFAULT '{}'::jsonb NOT NULL,
    threshold numeric(10,5) DEFAULT 0 NOT NULL
);

ALTER TABLE scorer.scorer_weighted_binaryweightedscorer OWNER TO scorer_owner;

ALTER TABLE scorer.scorer_weighted_binaryweightedscorer ALTER COLUMN scorer_ptr_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME scorer.scorer_weighted_binaryweightedscorer_scorer_ptr_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY scorer.registry_event ALTER COLUMN id SET DEFAULT nextval('scorer.registry_event_ids'::regclass);

ALTER TABLE ONLY scorer.account_account
    ADD CONSTRAINT account_account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_prefix_key UNIQUE (prefix);

ALTER TABLE ONLY scorer.account_community
    ADD CONSTRAINT account_community_external_scorer_id_key UNIQUE (external_scorer_id);

ALTER TABLE ONLY scorer.account_community
    ADD CONSTRAINT account_community_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY scorer.api_key_rotation
    ADD CONSTRAINT api_key_rotation_pkey PRIMARY KEY (api_key_id);

ALTER TABLE ONLY scorer.api_key_use
    ADD CONSTRAINT api_key_use_pkey PRIMARY KEY (api_key_id);

ALTER TABLE ONLY scorer.api_key_window
    ADD CONSTRAINT api_key_window_pkey PRIMARY KEY (api_key_id);

ALTER TABLE ONLY scorer.ceramic_cache
    ADD CONSTRAINT ceramic_cache_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_ceramic_cache_id_key UNIQUE (ceramic_cache_id);

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.check_ahead_claim
    ADD CONSTRAINT check_ahead_claim_pkey PRIMARY KEY (progress_id, id);

ALTER TABLE ONLY scorer.check_ahead_progress
    ADD CONSTRAINT check_ahead_progress_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.check_ahead_progress
    ADD CONSTRAINT check_ahead_progress_verifier_trusted_issuers_key UNIQUE (verifier, trusted_issuers);

ALTER TABLE ONLY scorer.check_sweep
    ADD CONSTRAINT check_sweep_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.credential_check
    ADD CONSTRAINT credential_check_pkey PRIMARY KEY (digest, verifier);

ALTER TABLE ONLY scorer.credential_digest
    ADD CONSTRAINT credential_digest_pkey PRIMARY KEY (ceramic_cache_id);

ALTER TABLE ONLY scorer.human_points_bonusaward
    ADD CONSTRAINT human_points_bonusaward_address_bonus_type_key UNIQUE (address, bonus_type);

ALTER TABLE ONLY scorer.human_points_bonusaward
    ADD CONSTRAINT human_points_bonusaward_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.human_points_passingscorerecord
    ADD CONSTRAINT human_points_passingscorerecord_address_community_id_key UNIQUE (address, community_id);

ALTER TABLE ONLY scorer.human_points_passingscorerecord
    ADD CONSTRAINT human_points_passingscorerecord_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.human_points_stampaction
    ADD CONSTRAINT human_points_stampaction_address_provider_key UNIQUE (address, provider);

ALTER TABLE ONLY scorer.human_points_stampaction
    ADD CONSTRAINT human_points_stampaction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.human_points_wallet
    ADD CONSTRAINT human_points_wallet_pkey PRIMARY KEY (address);

ALTER TABLE ONLY scorer.registry_event
    ADD CONSTRAINT registry_event_pkey PRIMARY KEY (id, created_at);

ALTER TABLE ONLY scorer.registry_hashscorerlink
    ADD CONSTRAINT registry_hashscorerlink_hash_community_id_key UNIQUE (hash, community_id);

ALTER TABLE ONLY scorer.registry_hashscorerlink
    ADD CONSTRAINT registry_hashscorerlink_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_address_community_id_key UNIQUE (address, community_id);

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_passport_id_key UNIQUE (passport_id);

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.registry_stamp
    ADD CONSTRAINT registry_stamp_pkey PRIMARY KEY (id);

ALTER TABLE ONLY scorer.scorer_weighted_binaryweightedscorer
    ADD CONSTRAINT scorer_weighted_binaryweightedscorer_pkey PRIMARY KEY (scorer_ptr_id);

CREATE INDEX ceramic_cache_deleted_address ON scorer.ceramic_cache USING btree (address) WHERE (deleted_at IS NOT NULL);

CREATE INDEX ceramic_cache_live_address ON scorer.ceramic_cache USING btree (address) WHERE (deleted_at IS NULL);

CREATE INDEX registry_event_history ON ONLY scorer.registry_event USING btree (action, address, community_id, created_at);

CREATE INDEX registry_stamp_passport ON scorer.registry_stamp USING btree (passport_id);

CREATE TRIGGER guard_live_link BEFORE UPDATE OF address ON scorer.registry_hashscorerlink FOR EACH ROW WHEN (((old.expires_at > now()) AND ((new.address)::text <> (old.address)::text))) EXECUTE FUNCTION scorer.guard_live_link();

CREATE TRIGGER guard_weights BEFORE INSERT OR UPDATE OF weights, threshold ON scorer.scorer_weighted_binaryweightedscorer FOR EACH ROW EXECUTE FUNCTION scorer.guard_weights();

ALTER TABLE ONLY scorer.account_apikey
    ADD CONSTRAINT account_apikey_account_id_fkey FOREIGN KEY (account_id) REFERENCES scorer.account_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY scorer.account_community
    ADD CONSTRAINT account_community_account_id_fkey FOREIGN KEY (account_id) REFERENCES scorer.account_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY scorer.ceramic_cache_revocation
    ADD CONSTRAINT ceramic_cache_revocation_ceramic_cache_id_fkey FOREIGN KEY (ceramic_cache_id) REFERENCES scorer.ceramic_cache(id) ON DELETE CASCADE;

ALTER TABLE ONLY scorer.check_ahead_claim
    ADD CONSTRAINT check_ahead_claim_progress_id_fkey FOREIGN KEY (progress_id) REFERENCES scorer.check_ahead_progress(id) ON DELETE CASCADE;

ALTER TABLE ONLY scorer.registry_passport
    ADD CONSTRAINT registry_passport_community_id_fkey FOREIGN KEY (community_id) REFERENCES scorer.account_community(id) DEFERRABLE;

ALTER TABLE ONLY scorer.registry_score
    ADD CONSTRAINT registry_score_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES scorer.registry_passport(id) DEFERRABLE;

ALTER TABLE ONLY scorer.registry_stamp
    ADD CONSTRAINT registry_stamp_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES scorer.registry_passport(id) DEFERRABLE;

GRANT USAGE ON SCHEMA scorer TO scorer_admin;
GRANT USAGE ON SCHEMA scorer TO scorer_api;
GRANT USAGE ON SCHEMA scorer TO scorer_caller;
GRANT USAGE ON SCHEMA scorer TO scorer_checker;

REVOKE ALL ON FUNCTION scorer.admit_batch(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_count integer, OUT outcome text, OUT legacy_parameters text, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.admit_batch(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_count integer, OUT outcome text, OUT legacy_parameters text, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) TO scorer_api;

REVOKE ALL ON FUNCTION scorer.answer_credentials(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_address text, p_limit integer, p_older_than bigint, p_newer_than bigint, p_max_bytes integer, OUT outcome text, OUT legacy_parameters text, OUT items text, OUT next_id bigint, OUT prev_id bigint, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.answer_credentials(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_address text, p_limit integer, p_older_than bigint, p_newer_than bigint, p_max_bytes integer, OUT outcome text, OUT legacy_parameters text, OUT items text, OUT next_id bigint, OUT prev_id bigint, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) TO scorer_api;

REVOKE ALL ON FUNCTION scorer.answer_history(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_created_at timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.answer_history(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_created_at timestamp with time zone, OUT outcome text, OUT legacy_parameters text, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) TO scorer_api;

REVOKE ALL ON FUNCTION scorer.answer_request(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_count integer, p_lock_timeout integer, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.answer_request(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_scorer_id numeric, p_address text, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_count integer, p_lock_timeout integer, OUT outcome text, OUT legacy_parameters text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb, OUT account_id bigint, OUT api_key_id text, OUT rate_window integer[]) TO scorer_api;

REVOKE ALL ON FUNCTION scorer.authenticate_api_key(p_key_prefix text, p_key_hash text, p_legacy_key_hash text, p_count integer, OUT account_id bigint, OUT legacy_parameters text, OUT api_key_id text, OUT historical_endpoint boolean, OUT rate_limit text, OUT is_refused boolean, OUT rate_window integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.change_api_key(p_prefix text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.change_api_key(p_prefix text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.change_scorer(p_scorer_id bigint, p_digest text, p_weights jsonb, p_threshold numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.change_scorer(p_scorer_id bigint, p_digest text, p_weights jsonb, p_threshold numeric) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.community_of(p_account_id bigint, p_scorer_id numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.count_requests(p_api_key_id text, p_rate_limit text, p_count integer, OUT is_refused boolean, OUT rate_window integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.create_account(p_address text) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.create_account(p_address text) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.create_api_key(p_account_id bigint, p_prefix text, p_key_hash text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.create_api_key(p_account_id bigint, p_prefix text, p_key_hash text, p_name text, p_expires_at timestamp with time zone, p_rate_limit text, p_read_scores boolean, p_historical_endpoint boolean) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.create_community(p_account_id bigint, p_name text, p_weights jsonb, p_threshold numeric, p_human_points_program boolean, p_external_scorer_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.create_community(p_account_id bigint, p_name text, p_weights jsonb, p_threshold numeric, p_human_points_program boolean, p_external_scorer_id text) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.ensure_event_partitions(p_months integer, p_from timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.ensure_event_partitions(p_months integer, p_from timestamp with time zone) TO scorer_admin;
GRANT ALL ON FUNCTION scorer.ensure_event_partitions(p_months integer, p_from timestamp with time zone) TO scorer_checker;

REVOKE ALL ON FUNCTION scorer.erase_wallet(p_address text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.event_partitions(OUT partition text, OUT since timestamp with time zone, OUT until timestamp with time zone, OUT attached boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.event_partitions(OUT partition text, OUT since timestamp with time zone, OUT until timestamp with time zone, OUT attached boolean) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.explain_score(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.explain_score(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.five_decimals(p_value numeric) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.guard_live_link() FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.guard_weights() FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.iso_timestamp(p_time timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.keep_checks(p_verifier text, p_checks jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.keep_checks(p_verifier text, p_checks jsonb) TO scorer_checker;

REVOKE ALL ON FUNCTION scorer.keep_digests(p_ids int8range) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.left_out_reason(p_address text, p_provider text, p_digest bytea, p_issuer text, p_trusted_issuers text[], p_is_checked boolean, p_fault text, p_checked_subject text, p_checked_provider text, p_signed_at timestamp with time zone, p_expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.list_accounts() FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.list_accounts() TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.list_api_keys(p_account_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.list_api_keys(p_account_id bigint) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.list_communities(p_account_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.list_communities(p_account_id bigint) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.list_credentials(p_address text) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.list_credentials(p_address text) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.lock_api_key(p_prefix text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.passports_to_rescore(p_scorer_id bigint, p_since timestamp with time zone, p_expires_before timestamp with time zone, p_after_id bigint, OUT asked_at timestamp with time zone, OUT ids bigint[], OUT addresses text[], OUT scorer_ids bigint[], OUT last_id bigint, OUT ids_left bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.passports_to_rescore(p_scorer_id bigint, p_since timestamp with time zone, p_expires_before timestamp with time zone, p_after_id bigint, OUT asked_at timestamp with time zone, OUT ids bigint[], OUT addresses text[], OUT scorer_ids bigint[], OUT last_id bigint, OUT ids_left bigint) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.prune_checks(p_verifier text, p_limit integer, OUT looked_at bigint, OUT removed bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.prune_checks(p_verifier text, p_limit integer, OUT looked_at bigint, OUT removed bigint) TO scorer_admin;
GRANT ALL ON FUNCTION scorer.prune_checks(p_verifier text, p_limit integer, OUT looked_at bigint, OUT removed bigint) TO scorer_checker;

REVOKE ALL ON FUNCTION scorer.put_credential(p_address text, p_credential jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.put_credential(p_address text, p_credential jsonb) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.reason_text(p_reason text, OUT why text, OUT change text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.require_account(p_account_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.require_address(p_address text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.require_key(p_prefix text, p_key_hash text, p_name text, p_rate_limit text, p_expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.require_own_tables(p_what text) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.rescore_wallet(p_address text, p_scorer_id bigint, p_since timestamp with time zone, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_dry_run boolean, OUT outcome text, OUT unchecked text, OUT answer jsonb, OUT was_passing boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.rescore_wallet(p_address text, p_scorer_id bigint, p_since timestamp with time zone, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, p_dry_run boolean, OUT outcome text, OUT unchecked text, OUT answer jsonb, OUT was_passing boolean) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.revoke_api_key(p_prefix text) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.revoke_api_key(p_prefix text) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.revoke_credentials(p_credential_id bigint, p_address text, p_provider text) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.revoke_credentials(p_credential_id bigint, p_address text, p_provider text) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.rotate_api_key(p_prefix text, p_new_prefix text, p_new_key_hash text, p_overlap interval) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.rotate_api_key(p_prefix text, p_new_prefix text, p_new_key_hash text, p_overlap interval) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.score_checked_stamps(p_address text, p_scorer_id bigint, p_providers text[], p_credentials scorer.stored_credential[], p_expires_at timestamp with time zone[], p_nullifiers jsonb[], p_human_points_enabled boolean, p_human_points_start timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) TO scorer_api;
GRANT ALL ON FUNCTION scorer.score_passport(p_address text, p_scorer_id bigint, p_valid_stamps jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone) TO scorer_caller;

REVOKE ALL ON FUNCTION scorer.score_wallet(p_address text, p_scorer_id bigint, p_trusted_issuers text[], p_verifier text, p_checks jsonb, p_human_points_enabled boolean, p_human_points_start timestamp with time zone, OUT outcome text, OUT unchecked text, OUT left_out jsonb, OUT answer jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.show_scorer(p_scorer_id bigint, p_providers text[], OUT id bigint, OUT name text, OUT threshold numeric, OUT weights jsonb, OUT digest text, OUT passports bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.show_scorer(p_scorer_id bigint, p_providers text[], OUT id bigint, OUT name text, OUT threshold numeric, OUT weights jsonb, OUT digest text, OUT passports bigint) TO scorer_admin;

REVOKE ALL ON FUNCTION scorer.stamp_fault(p_stamp jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION scorer.unchecked_documents(p_verifier text, p_trusted_issuers text[], p_limit integer, p_look_back bigint, p_done bigint, OUT claim bigint, OUT documents text, OUT ids_left bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION scorer.unchecked_documents(p_verifier text, p_trusted_issuers text[], p_limit integer, p_look_back bigint, p_done bigint, OUT claim bigint, OUT documents text, OUT ids_left bigint) TO scorer_checker;

REVOKE ALL ON FUNCTION scorer.weight_of(p_weights jsonb, p_provider text) FROM PUBLIC;
