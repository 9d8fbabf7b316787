/**
 * The metadata log on Apache Ratis: a Raft group whose state machine is the
 * {@link org.cairnfs.meta.MetaStore}.
 *
 * <p>{@link org.cairnfs.meta.raft.RaftMetaLog} is thread-safe. May import meta, net, kv and core;
 * the only importer of Ratis.
 */
@NullMarked
package org.cairnfs.meta.raft;

import org.jspecify.annotations.NullMarked;
