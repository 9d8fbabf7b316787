/**
 * A node among others: who belongs to the cluster and where it is, who is alive, how one joins.
 *
 * <p>What is thread-safe says so. May import what node may, but nothing of fuse and vfs: a storage
 * node has neither.
 */
@NullMarked
package org.cairnfs.node.cluster;

import org.jspecify.annotations.NullMarked;
