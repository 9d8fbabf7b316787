package org.cairnfs.meta;

/** The tables as one operation sees and changes them: it reads its own writes. Not thread-safe. */
interface MetaView extends MetaReader {
  void put(MetaTable table, byte[] key, byte[] value);

  /** Removes the key; no error if it is not there. */
  void delete(MetaTable table, byte[] key);
}
