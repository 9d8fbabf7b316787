/**
 * POSIX semantics over metadata and blocks: open files, write buffers, read-ahead, locks,
 * durability.
 *
 * <p>{@link org.cairnfs.vfs.Vfs} is thread-safe. May import meta, blob, crypto and core; knows no
 * FUSE.
 */
@NullMarked
package org.cairnfs.vfs;

import org.jspecify.annotations.NullMarked;
