package org.cairnfs.meta;

import java.time.Clock;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;

/**
 * What a session is opened with.
 *
 * @param node whose session it is; its earlier sessions end
 * @param volumeId the volume expected; it is made if there is none. 1 to 64 bytes
 * @param rootPermissions of the root directory of a new volume
 * @param rootUid its owner
 * @param rootGid its group
 * @param clock for the times of what no program asked for
 * @param ticker nanoseconds of a clock that never jumps
 * @param random for the session's id
 */
public record SessionSettings(
    NodeId node,
    Bytes volumeId,
    int rootPermissions,
    int rootUid,
    int rootGid,
    Clock clock,
    LongSupplier ticker,
    RandomGenerator random) {}
