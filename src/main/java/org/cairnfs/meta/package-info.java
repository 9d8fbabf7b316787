/**
 * The volume's metadata: one replicated, deterministic state machine, and the session through which
 * a mount uses it.
 *
 * <p>{@link org.cairnfs.meta.MetaSession} is thread-safe. May import kv and core; never sees a byte
 * of a blob. Apache Ratis is imported by the subpackage raft alone.
 */
@NullMarked
package org.cairnfs.meta;

import org.jspecify.annotations.NullMarked;
