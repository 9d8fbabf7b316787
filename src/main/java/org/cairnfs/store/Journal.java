package org.cairnfs.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.cairnfs.core.DiskErrors;

/**
 * A file that takes records which will soon be elsewhere for good, and has each on stable storage
 * with one write of its own bytes.
 *
 * <p>It never grows and is never cut: there are two areas of one size, one is filled from its start
 * while the records of the other are settled elsewhere, then they change places. So a force finds
 * the file's size and blocks unchanged, and costs one write and one flush. What an area held before
 * is told from what it holds by the round that every record carries. docs/formats.md has the bytes.
 *
 * <p>Not thread-safe, but for {@link #force} beside {@link #settle}.
 */
public final class Journal implements Closeable {
  /** What {@link #append} returns when there is no room. */
  public static final long NO_ROOM = 0;

  static final int HEADER_BYTES = 28;

  private static final int MAGIC = 0x43524e4a; // "CRNJ"
  private static final int AREAS = 2;
  private static final int ZEROES_BYTES = 1 << 16;

  private final SegmentFile file;
  private final int areaBytes;
  private final List<byte[]> recovered = new ArrayList<>();

  /** The area filled now, up to where, and the round that it is filled in. */
  private int area;

  private int used;
  private long round;

  /** The numbers of the newest record, and of the newest one in each area. */
  private long last;

  private final long[] lastOf = new long[AREAS];
  private volatile long settled;
  private boolean allocated;

  private Journal(SegmentFile file, int areaBytes) {
    this.file = file;
    this.areaBytes = areaBytes;
  }

  /**
   * Opens the file, or makes it.
   *
   * @param areaBytes most bytes that can be unsettled for the next record to find room for sure;
   *     the file is twice as long once it has a record. Always the same for one file
   */
  public static Journal open(Path path, int areaBytes) throws IOException {
    return open(NioSegmentFile.openOrCreate(path), areaBytes);
  }

  static Journal open(SegmentFile file, int areaBytes) throws IOException {
    Journal journal = new Journal(file, areaBytes);
    boolean opened = false;
    try {
      journal.recover();
      opened = true;
      return journal;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** A record as it was found. */
  private record Found(long round, long number, byte[] payload) {}

  private void recover() throws IOException {
    long size = file.sizeBytes();
    allocated = size >= (long) AREAS * areaBytes;
    List<List<Found>> areas = new ArrayList<>();
    for (int i = 0; i < AREAS; i++) {
      areas.add(read(i, size));
    }
    int newest = roundOf(areas.get(0)) > roundOf(areas.get(1)) ? 0 : 1;
    round = roundOf(areas.get(newest));
    for (int i : new int[] {1 - newest, newest}) {
      for (Found found : areas.get(i)) {
        recovered.add(found.payload());
        last = Math.max(last, found.number());
        lastOf[i] = found.number();
      }
    }
    area = newest;
    used = areaBytes; // the next record begins the other one
  }

  private static long roundOf(List<Found> records) {
    return records.isEmpty() ? 0 : records.get(0).round();
  }

  /** The intact records from the start of an area on, all of one round. */
  private List<Found> read(int which, long size) throws IOException {
    int length = (int) Math.max(0, Math.min(areaBytes, size - (long) which * areaBytes));
    ByteBuffer bytes = ByteBuffer.allocate(length);
    boolean unused = file.readFully(bytes, (long) which * areaBytes);
    bytes.flip();
    List<Found> records = new ArrayList<>();
    while (bytes.remaining() >= HEADER_BYTES && bytes.getInt(bytes.position()) == MAGIC) {
      ByteBuffer header = bytes.slice(bytes.position(), HEADER_BYTES);
      int payloadBytes = header.getInt(4);
      if (payloadBytes < 0 || payloadBytes > bytes.remaining() - HEADER_BYTES) {
        break;
      }
      byte[] payload = new byte[payloadBytes];
      bytes.get(bytes.position() + HEADER_BYTES, payload);
      Found found = new Found(header.getLong(8), header.getLong(16), payload);
      boolean intact = header.getInt(24) == crc(header, payload);
      if (!intact || (!records.isEmpty() && found.round() != roundOf(records))) {
        break;
      }
      records.add(found);
      bytes.position(bytes.position() + HEADER_BYTES + payloadBytes);
    }
    return records;
  }

  private static int crc(ByteBuffer header, byte[] payload) {
    CRC32C crc = new CRC32C();
    crc.update(header.slice(0, HEADER_BYTES - Integer.BYTES));
    crc.update(payload);
    return (int) crc.getValue();
  }

  /**
   * The records found at the opening, oldest first: among them are all that were forced and not
   * settled, and perhaps some that were settled. Until they are settled nothing can be appended.
   */
  public List<byte[]> recovered() {
    return List.copyOf(recovered);
  }

  /** The number of the newest record. */
  public long last() {
    return last;
  }

  /**
   * Writes a record; it is on stable storage after a {@link #force}.
   *
   * @return its number; {@link #NO_ROOM} if there is none until more is settled, or if the disk has
   *     none for the file
   */
  public long append(byte[] payload) throws IOException {
    int bytes = HEADER_BYTES + payload.length;
    if (!allocate() || (bytes > areaBytes - used && (bytes > areaBytes || !beginOther()))) {
      return NO_ROOM;
    }
    long number = last + 1;
    ByteBuffer record = ByteBuffer.allocate(bytes);
    record.putInt(MAGIC).putInt(payload.length).putLong(round).putLong(number);
    record.putInt(crc(record, payload)).put(payload).flip();
    file.write(record, (long) area * areaBytes + used);
    used += bytes;
    last = number;
    lastOf[area] = number;
    return number;
  }

  private boolean beginOther() {
    int other = 1 - area;
    if (lastOf[other] > settled || (!recovered.isEmpty() && last > settled)) {
      return false;
    }
    recovered.clear();
    area = other;
    used = 0;
    round++;
    return true;
  }

  /** Gives the file its length and its blocks, once; returns whether it has them. */
  private boolean allocate() throws IOException {
    if (allocated) {
      return true;
    }
    ByteBuffer zeroes = ByteBuffer.allocateDirect(ZEROES_BYTES);
    long end = (long) AREAS * areaBytes;
    try {
      for (long at = 0; at < end; at += zeroes.capacity()) {
        file.write(zeroes.clear().limit((int) Math.min(zeroes.capacity(), end - at)), at);
      }
    } catch (IOException e) {
      if (DiskErrors.isFull(e.getMessage())) {
        return false;
      }
      throw e;
    }
    file.force();
    allocated = true;
    return true;
  }

  /** Returns when every record appended before is on stable storage. */
  public void force() throws IOException {
    file.force();
  }

  /** Records up to this number are on stable storage elsewhere. */
  public void settle(long number) {
    settled = Math.max(settled, number);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
