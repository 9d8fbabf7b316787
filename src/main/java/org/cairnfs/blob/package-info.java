/**
 * Blocks in and out: sealing, storing, fetching, the cache of decrypted frames, read-ahead, pins
 * against collection.
 *
 * <p>The public types are thread-safe. May import store, net, crypto and core; never sees a path or
 * an inode. The only importer of Caffeine.
 */
@NullMarked
package org.cairnfs.blob;

import org.jspecify.annotations.NullMarked;
