/**
 * Blobs on the local disk: append-only segment files, a rebuildable index, and compaction.
 *
 * <p>The public types are thread-safe. May import core and kv. Files are reached through java.nio
 * Path and FileChannel only.
 */
@NullMarked
package org.cairnfs.store;

import org.jspecify.annotations.NullMarked;
