/**
 * Ordered tables of byte strings with atomic batches, over RocksDB: the storage engine under the
 * metadata and the blob index.
 *
 * <p>Stores are thread-safe, cursors and batches are not. May import core; the only importer of
 * RocksDB.
 */
@NullMarked
package org.cairnfs.kv;

import org.jspecify.annotations.NullMarked;
