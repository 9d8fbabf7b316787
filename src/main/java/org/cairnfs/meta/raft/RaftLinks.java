package org.cairnfs.meta.raft;

/**
 * The ways of a metadata log to those of the other nodes. Both stay the caller's; the wire carries
 * nothing after the log was closed.
 *
 * @param wire for Raft's messages
 * @param snapshots for what is no longer in the log
 */
public record RaftLinks(RaftWire wire, SnapshotSource snapshots) {}
