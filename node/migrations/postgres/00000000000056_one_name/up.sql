-- Somebody has one name at one peer at a time, however many messages begin at once. Of two in use one stays: that in which the
-- two nodes have spoken of her already, if it is one of them. What goes on under the other goes on under it.
UPDATE pairwise SET retired_at = now()
WHERE retired_at IS NULL AND EXISTS (
    SELECT 1 FROM (
        SELECT named.peer, named.subject, named.subject_ref, EXISTS (
            SELECT 1 FROM thread WHERE thread.peer = named.peer AND thread.subject_ref = named.subject_ref
        ) AS spoken
        FROM pairwise AS named WHERE named.retired_at IS NULL
    ) AS other
    WHERE other.peer = pairwise.peer AND other.subject = pairwise.subject AND other.subject_ref <> pairwise.subject_ref
    AND (other.spoken, pairwise.subject_ref) > (EXISTS (
        SELECT 1 FROM thread WHERE thread.peer = pairwise.peer AND thread.subject_ref = pairwise.subject_ref
    ), other.subject_ref)
);
CREATE UNIQUE INDEX pairwise_in_use ON pairwise (subject, peer) WHERE retired_at IS NULL;
