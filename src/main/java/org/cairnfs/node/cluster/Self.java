package org.cairnfs.node.cluster;

import java.util.List;
import java.util.OptionalLong;
import org.cairnfs.node.home.ListenAddress;

/** What this node says of itself to others. Thread-safe; does not block. */
public interface Self {
  /** Where it is found now. */
  List<ListenAddress> addresses();

  /** Name and version, for people. */
  String software();

  /** What its blobs take. */
  long usedBytes();

  /** What it offers for blobs. */
  long capacityBytes();

  /** How far its metadata is. */
  long appliedIndex();

  /** Blobs that are here and belong elsewhere only, when this node is drained and has counted. */
  OptionalLong blobsToMove();

  /** The time of day here, in milliseconds since 1970. */
  long clockMillis();

  /** Whether its metadata log takes messages. */
  boolean logOpen();
}
