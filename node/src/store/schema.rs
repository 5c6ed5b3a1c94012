//! Every table, once for both databases.
//!
//! A test compares this file with what the migrations make on each of them: tables, columns, types and nullability.
//! A table begins with `use crate::store::types::sql::*;`, and nothing but `diesel::table!`, `diesel::joinable!` and
//! `diesel::allow_tables_to_appear_in_same_query!` stands here.

diesel::table! {
    use crate::store::types::sql::*;

    node_setting (key) {
        key -> Text,
        value -> Text,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    subject (id) {
        id -> Uid,
        peer -> Nullable<Text>,
        subject_ref -> Nullable<Uid>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    subject_key (id) {
        id -> Uid,
        subject -> Uid,
        wrapped -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    destroyed_key (id) {
        id -> Uid,
        subject -> Uid,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    node_key (kid) {
        kid -> Text,
        kind -> Text,
        public -> JsonDoc,
        sealed -> Nullable<Binary>,
        created_at -> Timestamp,
        sign_from -> Timestamp,
        retire_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    journal (id) {
        id -> Uid,
        position -> Nullable<BigInt>,
        at -> Timestamp,
        actor_kind -> Text,
        actor -> Nullable<Text>,
        act -> Text,
        subject -> Nullable<Uid>,
        object -> Nullable<Text>,
        peer -> Nullable<Text>,
        code -> Nullable<Text>,
        ground -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    journal_log (number) {
        number -> Integer,
        id -> Uid,
        first_position -> BigInt,
        size -> BigInt,
        released -> BigInt,
        previous -> Nullable<Text>,
        begun_at -> Timestamp,
        sealer -> Nullable<Uid>,
        sealer_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    journal_tile (log, level, number) {
        log -> Integer,
        level -> Integer,
        number -> BigInt,
        hashes -> Binary,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    journal_checkpoint (log, size) {
        log -> Integer,
        size -> BigInt,
        jws -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    neighbour_checkpoint (peer, log, size) {
        peer -> Text,
        log -> Uid,
        size -> BigInt,
        root -> Text,
        jws -> Text,
        heard_at -> Timestamp,
        proven_at -> Nullable<Timestamp>,
        refuted_at -> Nullable<Timestamp>,
        awaited_since -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    neighbour_alarm (id) {
        id -> Uid,
        peer -> Text,
        log -> Uid,
        kind -> Text,
        kept -> Text,
        answer -> Nullable<Text>,
        at -> Timestamp,
        last_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    open_grant (record, seq) {
        record -> Uid,
        seq -> Integer,
        subject -> Uid,
        purpose -> Text,
        recipient -> Text,
        groups -> Text,
        not_after -> Timestamp,
        single_use -> Bool,
        notice_hash -> Text,
        state -> Text,
        opened_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        held_for -> Nullable<Uid>,
        ends_early -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    tombstone (issuer, record) {
        issuer -> Text,
        record -> Uid,
        seq -> Integer,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    disclosure (message) {
        message -> Uid,
        subject -> Uid,
        peer -> Text,
        organisation -> Text,
        kind -> Text,
        purpose -> Nullable<Text>,
        groups -> Text,
        ground -> Text,
        record -> Nullable<Uid>,
        record_seq -> Nullable<Integer>,
        card_version -> Nullable<Integer>,
        at -> Timestamp,
        turn -> BigInt,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    holding (message) {
        message -> Uid,
        peer -> Text,
        subject -> Uid,
        thread -> Nullable<Uid>,
        purpose -> Text,
        groups -> Text,
        record -> Uid,
        record_seq -> Integer,
        not_after -> Timestamp,
        at -> Timestamp,
        gone_at -> Nullable<Timestamp>,
        turn -> BigInt,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    thread (id) {
        id -> Uid,
        peer -> Text,
        wire -> Uid,
        side -> Text,
        kind -> Text,
        subject -> Uid,
        subject_ref -> Uid,
        state -> Text,
        sent_seq -> BigInt,
        seen_seq -> BigInt,
        opened_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        matter -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    pairwise (peer, subject_ref) {
        peer -> Text,
        subject_ref -> Uid,
        subject -> Uid,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    link_out (peer) {
        peer -> Text,
        epoch -> Integer,
        given_seq -> BigInt,
        acked_seq -> BigInt,
        queued -> BigInt,
        peer_window -> Integer,
        lease_token -> Nullable<Uid>,
        lease_until -> Nullable<Timestamp>,
        next_attempt_at -> Timestamp,
        failures -> Integer,
        failing_since -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        failed_at -> Nullable<Timestamp>,
        stuck -> Integer,
        told_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    link_in (peer) {
        peer -> Text,
        epoch -> Integer,
        through_seq -> BigInt,
        receipt_digest -> Nullable<Text>,
        unopened_bytes -> BigInt,
        internal_errors -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    outbox (message) {
        message -> Uid,
        peer -> Text,
        kind -> Text,
        thread -> Nullable<Uid>,
        thread_seq -> Nullable<BigInt>,
        subject -> Nullable<Uid>,
        purpose -> Nullable<Text>,
        ground -> Text,
        record -> Nullable<Uid>,
        record_seq -> Nullable<Integer>,
        priority -> Integer,
        queue_no -> BigInt,
        epoch -> Nullable<Integer>,
        seq -> Nullable<BigInt>,
        digest -> Text,
        sealed -> Nullable<Binary>,
        size -> Integer,
        state -> Text,
        code -> Nullable<Text>,
        receipt -> Nullable<Uid>,
        queued_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        settled_at -> Nullable<Timestamp>,
        may_have_left -> Bool,
        arrival -> Nullable<Text>,
        void_sent -> Bool,
        accepted -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    inbox_item (peer, epoch, seq) {
        peer -> Text,
        epoch -> Integer,
        seq -> BigInt,
        message -> Nullable<Uid>,
        digest -> Text,
        outcome -> Text,
        code -> Nullable<Text>,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    known_message (peer, message) {
        peer -> Text,
        message -> Uid,
        digest -> Text,
        outcome -> Text,
        code -> Nullable<Text>,
        kind -> Nullable<Text>,
        thread -> Nullable<Uid>,
        thread_seq -> Nullable<BigInt>,
        subject -> Nullable<Uid>,
        sealed -> Nullable<Binary>,
        unopened -> Integer,
        received_at -> Timestamp,
        forget_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    receipt (id) {
        id -> Uid,
        peer -> Text,
        direction -> Text,
        epoch -> Integer,
        through_seq -> BigInt,
        jws -> Text,
        digest -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    invitation (selector) {
        selector -> Text,
        code_hash -> Binary,
        roles -> JsonDoc,
        organisation_id -> Nullable<Text>,
        organisation_name -> Nullable<Text>,
        automatic -> Bool,
        agreement_until -> Timestamp,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        used_by -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    member (entity_id) {
        entity_id -> Text,
        slug -> Text,
        organisation_name -> Text,
        ipa_code -> Nullable<Text>,
        vat_number -> Nullable<Text>,
        email -> Text,
        public_body -> Bool,
        roles -> JsonDoc,
        federation_jwks -> JsonDoc,
        capabilities -> JsonDoc,
        state -> Text,
        agreement_until -> Timestamp,
        limited_until -> Nullable<Timestamp>,
        invitation -> Text,
        keys_issued_at -> Timestamp,
        joined_at -> Timestamp,
        approved_at -> Nullable<Timestamp>,
        changed_at -> Timestamp,
        revision -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    trust_mark (digest) {
        digest -> Text,
        member -> Text,
        jws -> Text,
        kid -> Text,
        issued_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    membership (entity_id) {
        entity_id -> Text,
        authority -> Nullable<Text>,
        slug -> Nullable<Text>,
        state -> Text,
        roles -> JsonDoc,
        organisation_ids -> JsonDoc,
        mark_expires_at -> Nullable<Timestamp>,
        key_change -> Nullable<JsonDoc>,
        key_changes -> Integer,
        refresh_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    trust_anchor (entity_id) {
        entity_id -> Text,
        pins -> JsonDoc,
        configuration -> Nullable<Text>,
        announced_at -> Nullable<Timestamp>,
        expires_at -> Nullable<Timestamp>,
        refresh_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    peer (entity_id) {
        entity_id -> Text,
        organisation_name -> Text,
        ipa_id -> Nullable<Text>,
        vat_id -> Nullable<Text>,
        roles -> JsonDoc,
        resource -> Text,
        chain_digest -> Text,
        chain_exp -> Timestamp,
        configuration -> Text,
        statement -> Nullable<Text>,
        anchor_configuration -> Text,
        verified_at -> Timestamp,
        mark_exp -> Nullable<Timestamp>,
        mark_status -> Nullable<Text>,
        mark_checked_at -> Nullable<Timestamp>,
        expelled_at -> Nullable<Timestamp>,
        refresh_at -> Timestamp,
        key_refresh_at -> Timestamp,
        failures -> Integer,
        last_failure -> Nullable<Text>,
        last_failure_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    chain_used (digest) {
        digest -> Text,
        peer -> Text,
        documents -> JsonDoc,
        used_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    modi_seen (iss, jti) {
        iss -> Text,
        jti -> Text,
        forget_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff (id) {
        id -> Uid,
        username -> Text,
        display_label -> Text,
        role -> Text,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        trainee_of -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_token (id) {
        id -> Uid,
        staff -> Uid,
        hash -> Binary,
        label -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        scopes -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_login (staff) {
        staff -> Uid,
        kind -> Text,
        password -> Nullable<Text>,
        password_set_at -> Nullable<Timestamp>,
        temporary_until -> Nullable<Timestamp>,
        totp -> Nullable<Binary>,
        totp_offered -> Nullable<Binary>,
        totp_step -> BigInt,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_recovery_code (id) {
        id -> Uid,
        staff -> Uid,
        digest -> Binary,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_session (id) {
        id -> Uid,
        staff -> Uid,
        hash -> Binary,
        standing -> Text,
        method -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_attempt (account, source) {
        account -> Binary,
        source -> Binary,
        failures -> Integer,
        since -> Timestamp,
        last_at -> Timestamp,
        blocked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_identity (id) {
        id -> Uid,
        staff -> Uid,
        issuer -> Text,
        sub -> Text,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_linked_once (staff, issuer) {
        staff -> Uid,
        issuer -> Text,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    oidc_login (state) {
        state -> Binary,
        browser -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_client_secret (id) {
        id -> Uid,
        staff -> Uid,
        hash -> Binary,
        label -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    staff_access_token (id) {
        id -> Uid,
        staff -> Uid,
        secret -> Uid,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    done_once (key) {
        key -> Binary,
        content -> Binary,
        at -> Timestamp,
        sealed -> Nullable<Binary>,
        withheld -> Bool,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    case_file (id) {
        id -> Uid,
        kind -> Text,
        subject -> Uid,
        lead -> Nullable<Uid>,
        deputy -> Nullable<Uid>,
        opened_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    case_member (case_file, staff) {
        case_file -> Uid,
        staff -> Uid,
        functions -> Text,
        supervisor -> Nullable<Uid>,
        since -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    broken_glass (id) {
        id -> Uid,
        case_file -> Uid,
        subject -> Uid,
        staff -> Uid,
        sealed -> Binary,
        at -> Timestamp,
        until -> Timestamp,
        person_told_at -> Nullable<Timestamp>,
        reviewed_at -> Nullable<Timestamp>,
        reviewed_by -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    case_handover (id) {
        id -> Uid,
        case_file -> Uid,
        subject -> Uid,
        from_staff -> Nullable<Uid>,
        to_staff -> Uid,
        by_staff -> Uid,
        sealed -> Binary,
        at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    countersignature (id) {
        id -> Uid,
        case_file -> Uid,
        trainee -> Uid,
        supervisor -> Uid,
        act -> Text,
        at -> Timestamp,
        signed_at -> Nullable<Timestamp>,
        signed_by -> Nullable<Uid>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    referral (id) {
        id -> Uid,
        thread -> Uid,
        side -> Text,
        peer -> Text,
        organisation -> Text,
        recipient_ids -> Text,
        person -> Nullable<Uid>,
        subject -> Uid,
        purpose -> Text,
        state -> Nullable<Text>,
        preview_state -> Text,
        preview_sent_at -> Nullable<Timestamp>,
        preview_message -> Nullable<Uid>,
        last_message -> Nullable<Uid>,
        due_on -> Nullable<Date>,
        due_left -> Nullable<Integer>,
        tell_since -> Nullable<Timestamp>,
        told_at -> Nullable<Timestamp>,
        told_by -> Nullable<Uid>,
        told_how -> Nullable<Text>,
        known_choice -> Nullable<Text>,
        already_known -> Nullable<Bool>,
        duplicate_confirmed -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    referral_event (id) {
        id -> Uid,
        referral -> Uid,
        ordinal -> Integer,
        own -> Bool,
        said -> Text,
        thread_seq -> BigInt,
        seen -> BigInt,
        message -> Uid,
        at -> Timestamp,
        actor_role -> Text,
        fate -> Text,
        superseded -> Bool,
        transport -> Nullable<Text>,
        code -> Nullable<Text>,
        settled -> Bool,
        sealed -> Nullable<Binary>,
        decides -> Bool,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    office_record (referral) {
        referral -> Uid,
        subject -> Uid,
        version -> Integer,
        sealed -> Binary,
        updated_by -> Nullable<Uid>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    record_transfer (id) {
        id -> Uid,
        thread -> Uid,
        side -> Text,
        peer -> Text,
        organisation -> Text,
        person -> Nullable<Uid>,
        subject -> Uid,
        state -> Text,
        message -> Uid,
        code -> Nullable<Text>,
        due_on -> Nullable<Date>,
        answer -> Nullable<Uid>,
        answer_state -> Nullable<Text>,
        reason -> Nullable<Text>,
        sealed -> Nullable<Binary>,
        answered_at -> Nullable<Timestamp>,
        answered_by -> Nullable<Uid>,
        created_at -> Timestamp,
        created_by -> Nullable<Uid>,
        updated_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    transfer_letter (id) {
        id -> Uid,
        transfer -> Uid,
        referral -> Uid,
        subject -> Uid,
        organisation -> Text,
        opened_at -> Timestamp,
        sent_at -> Nullable<Timestamp>,
        channel -> Nullable<Text>,
        sent_by -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    holder_moved (subject) {
        subject -> Uid,
        peer -> Text,
        organisation -> Text,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_import (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        kind -> Text,
        sections -> Text,
        digest -> Text,
        sealed -> Binary,
        imported_at -> Timestamp,
        imported_by -> Nullable<Uid>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(record_transfer, case_member);

diesel::allow_tables_to_appear_in_same_query!(case_file, countersignature);

diesel::allow_tables_to_appear_in_same_query!(case_file, staff);

diesel::allow_tables_to_appear_in_same_query!(record_transfer, outbox);

diesel::table! {
    use crate::store::types::sql::*;

    policy_event (id) {
        id -> Uid,
        referral -> Uid,
        subject -> Uid,
        ordinal -> Integer,
        sealed -> Binary,
        noted_by -> Nullable<Uid>,
        noted_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    person (id) {
        id -> Uid,
        subject -> Uid,
        label -> Binary,
        created_at -> Timestamp,
        created_by -> Nullable<Uid>,
        updated_at -> Timestamp,
        merged_into -> Nullable<Uid>,
        merged_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    person_known (id) {
        id -> Uid,
        person -> Uid,
        sealed -> Binary,
        folding -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    person_token (token, person) {
        token -> Integer,
        person -> Uid,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    person_distinct (one, other) {
        one -> Uid,
        other -> Uid,
        said_at -> Timestamp,
        said_by -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    person_merge (id) {
        id -> Uid,
        person -> Uid,
        went -> Uid,
        kept -> Text,
        sealed -> Binary,
        merged_at -> Timestamp,
        merged_by -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    subject_joined (subject) {
        subject -> Uid,
        head -> Uid,
        joined_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    case_moved (id) {
        id -> Uid,
        moved_into -> Uid,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    guardian (id) {
        id -> Uid,
        person -> Uid,
        kind -> Text,
        sealed -> Binary,
        since -> Date,
        ended_on -> Nullable<Date>,
        ended_why -> Nullable<Text>,
        entered_at -> Timestamp,
        entered_by -> Nullable<Uid>,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card (person) {
        person -> Uid,
        version -> Integer,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_version (id) {
        id -> Uid,
        person -> Uid,
        version -> Integer,
        sealed -> Binary,
        saved_by -> Nullable<Uid>,
        saved_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_section (id) {
        id -> Uid,
        person -> Uid,
        section -> Text,
        revision -> Integer,
        version -> Integer,
        changed_at -> Timestamp,
        held_by -> Nullable<Uid>,
        drafted_at -> Nullable<Timestamp>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_confirmation (id) {
        id -> Uid,
        person -> Uid,
        version -> Integer,
        sections -> Text,
        said_by -> Text,
        means -> Text,
        confirmed_by -> Nullable<Uid>,
        confirmed_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_combination (person) {
        person -> Uid,
        token -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    card_shown (peer, subject_ref, local_version) {
        peer -> Text,
        subject_ref -> Uid,
        local_version -> Integer,
        shown_version -> Integer,
        subject -> Uid,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    received_card (id) {
        id -> Uid,
        thread -> Uid,
        subject -> Uid,
        message -> Uid,
        thread_seq -> BigInt,
        card_version -> Integer,
        part -> Text,
        sealed -> Binary,
        received_at -> Timestamp,
        withheld_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    document (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        kind -> Text,
        expires -> Nullable<Text>,
        sealed -> Binary,
        media -> Nullable<Text>,
        size -> Nullable<Integer>,
        sha256 -> Nullable<Text>,
        version -> Integer,
        created_at -> Timestamp,
        created_by -> Nullable<Uid>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    document_chunk (document, position) {
        document -> Uid,
        position -> Integer,
        sealed -> Binary,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    assessment (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        state -> Text,
        sealed -> Binary,
        sha256 -> Nullable<Text>,
        signed_at -> Nullable<Timestamp>,
        superseded_by -> Nullable<Uid>,
        version -> Integer,
        created_at -> Timestamp,
        created_by -> Nullable<Uid>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    counselling_note (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        author -> Uid,
        sealed -> Binary,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        delete_after -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    consent (id) {
        id -> Uid,
        record -> Uid,
        seq -> Integer,
        person -> Uid,
        subject -> Uid,
        purpose -> Text,
        recipient -> Text,
        groups -> Text,
        state -> Text,
        answered_at -> Timestamp,
        not_after -> Nullable<Timestamp>,
        single_use -> Bool,
        notice -> Text,
        notice_version -> Text,
        notice_language -> Text,
        notice_hash -> Text,
        read_aloud -> Bool,
        expressed_by -> Text,
        indication_method -> Text,
        mediator -> Nullable<Uid>,
        entered_by -> Nullable<Uid>,
        sealed -> Nullable<Binary>,
        withdrawn_at -> Nullable<Timestamp>,
        withdrawn_by -> Nullable<Text>,
        withdrawn_channel -> Nullable<Text>,
        recall -> Nullable<Uid>,
        recall_due -> Nullable<Timestamp>,
        notice_draft -> Bool,
        ends_early -> Nullable<Timestamp>,
        reminded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    notice (id) {
        id -> Uid,
        code -> Text,
        version -> Text,
        purposes -> Text,
        controller -> Text,
        processor -> Nullable<Text>,
        created_at -> Timestamp,
        created_by -> Nullable<Uid>,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    notice_text (hash) {
        hash -> Text,
        notice -> Uid,
        language -> Text,
        heading -> Text,
        body -> Text,
        audio_path -> Nullable<Text>,
        audio_hash -> Nullable<Text>,
        added_at -> Timestamp,
        added_by -> Nullable<Uid>,
        verified_by -> Nullable<Text>,
        verified_on -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    activity (code) {
        code -> Text,
        purposes -> Text,
        acts_as -> Text,
        controller_id -> Nullable<Text>,
        controller_label -> Nullable<Text>,
        act -> Nullable<Text>,
        act_date -> Nullable<Text>,
        instructed -> Text,
        changed_at -> Timestamp,
        changed_by -> Nullable<Uid>,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    consent_request (record) {
        record -> Uid,
        person -> Uid,
        subject -> Uid,
        purpose -> Text,
        recipient -> Text,
        groups -> Text,
        notice_hash -> Text,
        state -> Text,
        asked_at -> Timestamp,
        asked_by -> Nullable<Uid>,
        ask_again_at -> Nullable<Timestamp>,
        settled_at -> Nullable<Timestamp>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    consent_event (id) {
        id -> Uid,
        record -> Uid,
        seq -> Integer,
        person -> Uid,
        subject -> Uid,
        ordinal -> Integer,
        state -> Text,
        at -> Timestamp,
        not_after -> Nullable<Timestamp>,
        brought_by -> Text,
        staff -> Nullable<Uid>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    consent_receipt (id) {
        id -> Uid,
        record -> Uid,
        seq -> Integer,
        state -> Text,
        person -> Uid,
        subject -> Uid,
        made_at -> Timestamp,
        digest -> Text,
        sealed -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(notice, notice_text);

diesel::allow_tables_to_appear_in_same_query!(consent, case_member);

diesel::allow_tables_to_appear_in_same_query!(outbox, disclosure, link_out);

diesel::allow_tables_to_appear_in_same_query!(staff, staff_token);
diesel::allow_tables_to_appear_in_same_query!(case_member, person_token);
diesel::allow_tables_to_appear_in_same_query!(case_file, case_member, document, person, referral);

diesel::table! {
    use crate::store::types::sql::*;

    rights_request (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        kind -> Text,
        state -> Text,
        channel -> Text,
        said_by -> Text,
        received_at -> Timestamp,
        entered_at -> Timestamp,
        entered_by -> Nullable<Uid>,
        due_at -> Timestamp,
        extended_at -> Nullable<Timestamp>,
        outcome -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        answered_by -> Nullable<Uid>,
        card_version -> Nullable<Integer>,
        sealed -> Binary,
        step -> Nullable<Text>,
        not_before -> Nullable<Timestamp>,
        step_at -> Nullable<Timestamp>,
        version -> Integer,
        pushed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    rights_event (id) {
        id -> Uid,
        request -> Uid,
        person -> Uid,
        subject -> Uid,
        ordinal -> Integer,
        what -> Text,
        at -> Timestamp,
        staff -> Nullable<Uid>,
        code -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    case_restriction (id) {
        id -> Uid,
        case_file -> Uid,
        subject -> Uid,
        why -> Text,
        request -> Nullable<Uid>,
        set_at -> Timestamp,
        set_by -> Nullable<Uid>,
        told_at -> Nullable<Timestamp>,
        told_how -> Nullable<Text>,
        lifted_at -> Nullable<Timestamp>,
        lifted_by -> Nullable<Uid>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(rights_request, case_member);

diesel::table! {
    use crate::store::types::sql::*;

    office (id) {
        id -> Uid,
        book -> Text,
        organisation -> Nullable<Text>,
        entry -> JsonDoc,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
        version -> Integer,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    office_comune (office, comune) {
        office -> Uid,
        comune -> Text,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    paper (disclosure) {
        disclosure -> Uid,
        thread -> Uid,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    referral_office (referral) {
        referral -> Uid,
        subject -> Uid,
        office -> Uid,
        proposed -> Nullable<Uid>,
        follows -> Nullable<Uid>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    referral_sheet (id) {
        id -> Uid,
        referral -> Uid,
        subject -> Uid,
        kind -> Text,
        groups -> Text,
        record -> Uid,
        record_seq -> Integer,
        card_version -> Integer,
        made_at -> Timestamp,
        made_by -> Nullable<Uid>,
        sent_at -> Nullable<Timestamp>,
        channel -> Nullable<Text>,
        sealed -> Binary,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    paper_recall (id) {
        id -> Uid,
        person -> Uid,
        subject -> Uid,
        office -> Uid,
        organisation -> Text,
        thread -> Uid,
        record -> Nullable<Uid>,
        record_seq -> Nullable<Integer>,
        groups -> Text,
        opened_at -> Timestamp,
        due_at -> Timestamp,
        sent_at -> Nullable<Timestamp>,
        sent_channel -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        answer_channel -> Nullable<Text>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    recall_told (id) {
        id -> Uid,
        recall -> Uid,
        record -> Uid,
        seq -> Integer,
        peer -> Text,
        organisation -> Text,
        role -> Text,
        person -> Uid,
        subject -> Uid,
        groups -> Text,
        above -> Nullable<Uid>,
        message -> Uid,
        told_at -> Timestamp,
        due_at -> Timestamp,
        reached_at -> Nullable<Timestamp>,
        failed -> Nullable<Text>,
        version -> Integer,
        complete -> Bool,
        below -> Text,
        answered_at -> Nullable<Timestamp>,
        answer_digest -> Nullable<Text>,
        elsewhere_at -> Nullable<Timestamp>,
        elsewhere_channel -> Nullable<Text>,
        task_at -> Nullable<Timestamp>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    recall_taken (id) {
        id -> Uid,
        recall -> Nullable<Uid>,
        issuer -> Text,
        record -> Uid,
        seq -> Integer,
        subject -> Nullable<Uid>,
        subject_ref -> Nullable<Uid>,
        held_since -> Nullable<Timestamp>,
        outcomes -> Text,
        due_at -> Nullable<Timestamp>,
        taken_at -> Timestamp,
        version -> Integer,
        complete -> Bool,
        below -> Text,
        answer -> Nullable<Uid>,
        frozen -> Bool,
        shredded_at -> Nullable<Timestamp>,
        held_turn -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    rectification (id) {
        id -> Uid,
        request -> Uid,
        referral -> Uid,
        person -> Uid,
        subject -> Uid,
        peer -> Text,
        organisation -> Text,
        groups -> Text,
        message -> Nullable<Uid>,
        failed -> Nullable<Text>,
        at -> Timestamp,
        sealed -> Nullable<Binary>,
        sent_at -> Nullable<Timestamp>,
        sent_channel -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        answer -> Nullable<Binary>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(recall_told, case_member);

diesel::allow_tables_to_appear_in_same_query!(paper, disclosure);

diesel::allow_tables_to_appear_in_same_query!(tombstone, disclosure);

diesel::allow_tables_to_appear_in_same_query!(tombstone, outbox);

diesel::allow_tables_to_appear_in_same_query!(rectification, outbox);

diesel::allow_tables_to_appear_in_same_query!(rectification, referral, referral_sheet, tombstone);

diesel::allow_tables_to_appear_in_same_query!(office, office_comune);

diesel::allow_tables_to_appear_in_same_query!(paper_recall, case_member);

diesel::allow_tables_to_appear_in_same_query!(paper_recall, consent);

diesel::allow_tables_to_appear_in_same_query!(outbox, referral_event);

diesel::table! {
    use crate::store::types::sql::*;

    task (id) {
        id -> Uid,
        kind -> Text,
        object -> Text,
        role -> Text,
        peer -> Nullable<Text>,
        subject -> Nullable<Uid>,
        case_file -> Nullable<Uid>,
        code -> Nullable<Text>,
        opened_at -> Timestamp,
        done_at -> Nullable<Timestamp>,
        done_by -> Nullable<Uid>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(task, case_member);

diesel::table! {
    use crate::store::types::sql::*;

    link_check (peer) {
        peer -> Text,
        due_at -> Timestamp,
        lease_until -> Nullable<Timestamp>,
        failures -> Integer,
        checked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    retention_report (id) {
        id -> Uid,
        kind -> Text,
        day -> Text,
        begun_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        counts -> JsonDoc,
    }
}

diesel::allow_tables_to_appear_in_same_query!(subject, subject_key, destroyed_key);

diesel::allow_tables_to_appear_in_same_query!(card, card_section, disclosure, person, subject_joined);
diesel::allow_tables_to_appear_in_same_query!(case_restriction, subject_joined);

diesel::allow_tables_to_appear_in_same_query!(disclosure, thread);

diesel::allow_tables_to_appear_in_same_query!(disclosure, open_grant);

diesel::allow_tables_to_appear_in_same_query!(outbox, thread);

diesel::allow_tables_to_appear_in_same_query!(known_message, thread);

diesel::allow_tables_to_appear_in_same_query!(referral, received_card);

diesel::allow_tables_to_appear_in_same_query!(referral, referral_event);

diesel::table! {
    use crate::store::types::sql::*;

    deposit (slug) {
        slug -> Text,
        jws -> Text,
        issued_at -> Timestamp,
    }
}

diesel::table! {
    use crate::store::types::sql::*;

    memory_gap (peer) {
        peer -> Text,
        found_at -> Timestamp,
        since -> Nullable<Timestamp>,
        followed_at -> Nullable<Timestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(consent, recall_told);
