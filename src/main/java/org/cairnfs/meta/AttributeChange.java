package org.cairnfs.meta;

import org.cairnfs.core.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * Attributes to set; null leaves one as it is.
 *
 * @param permissions the twelve permission bits
 * @param sizeBytes truncates or extends a regular file (extending makes a hole)
 * @param changed the ctime; never moves backwards
 */
public record AttributeChange(
    @Nullable Integer permissions,
    @Nullable Integer uid,
    @Nullable Integer gid,
    @Nullable Long sizeBytes,
    @Nullable Timestamp accessed,
    @Nullable Timestamp modified,
    Timestamp changed) {}
