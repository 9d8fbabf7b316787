/**
 * The adapter between the kernel's FUSE protocol and {@link org.cairnfs.vfs.Vfs}: libfuse2's
 * low-level (inode based) API through jnr-ffi, callbacks, replies, mount points.
 *
 * <p>One request takes one path: a {@link org.cairnfs.fuse.Worker} reads it from the kernel and
 * hands it to libfuse, libfuse calls the closure that {@link org.cairnfs.fuse.OperationTable} holds
 * for the operation, the closure enters {@link org.cairnfs.fuse.Boundary}, a method of one of the
 * {@code *Operations} classes calls the vfs and answers through {@link org.cairnfs.fuse.Request}
 * exactly once. All of that happens on the worker's thread and in memory the worker owns, so
 * nothing native is allocated per request. Only a lock that has to wait is answered later, from
 * another thread.
 *
 * <p>An operation that is not in the table is answered ENOSYS by libfuse. {@code forget} is not in
 * it because inode numbers are the volume's own and nothing is kept per kernel reference;
 * {@code access} because the kernel checks permissions.
 *
 * <p>The public types are thread-safe. May import vfs, meta and core; the only importer of jnr-ffi
 * and jnr-fuse.
 */
@NullMarked
package org.cairnfs.fuse;

import org.jspecify.annotations.NullMarked;
