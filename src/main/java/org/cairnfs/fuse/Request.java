package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.cairnfs.core.Errno;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.VolumeStat;

/**
 * The request that a worker is serving, and the one answer it gets.
 *
 * <p>Each answering method sends the answer; a second one throws, because libfuse frees a request
 * when it is answered. Most answer nothing about whether the kernel took it: one whose program was
 * killed meanwhile is dropped, as it should be. The methods that hand out a handle do tell, since
 * then nobody will release it.
 *
 * <p>One instance a worker, used for request after request; confined to the worker's thread.
 */
final class Request {
  /** Longest data an answer carries: what one read can ask for, and more than any xattr. */
  static final int ANSWER_MAX_BYTES = Handshake.TRANSFER_MAX_BYTES;

  private static final int STRUCTURES_BYTES = 512;
  private static final long CONTEXT_UID = 0;
  private static final long CONTEXT_GID = 4;
  private static final long CONTEXT_PID = 8;

  // struct fuse_bufvec, with one struct fuse_buf in it.
  private static final long VECTOR_COUNT = 0;
  private static final long VECTOR_SIZE = 24;
  private static final long VECTOR_MEMORY = 40;
  private static final int BUFFER_VECTOR_BYTES = 64;

  private final LibFuse fuse;
  private final CacheTimeout timeout;
  private final ByteBuffer answer =
      ByteBuffer.allocateDirect(ANSWER_MAX_BYTES).order(ByteOrder.nativeOrder());
  private final long answerAddress = NativeMemory.addressOf(answer);
  private final ByteBuffer structures = ByteBuffer.allocateDirect(STRUCTURES_BYTES);
  private final long structuresAddress = NativeMemory.addressOf(structures);

  private long handle;
  private boolean answered;

  Request(LibFuse fuse, CacheTimeout timeout) {
    this.fuse = fuse;
    this.timeout = timeout;
  }

  /** Turns to the next request. */
  void begin(long request) {
    handle = request;
    answered = false;
  }

  boolean answered() {
    return answered;
  }

  /** Takes over the duty to answer, for an answer that comes later from elsewhere. */
  long detach() {
    return claim();
  }

  /** Who asks. Only before the answer. */
  Caller caller() {
    long context = fuse.fuse_req_ctx(handle);
    return new Caller(
        NativeMemory.getInt(context + CONTEXT_UID),
        NativeMemory.getInt(context + CONTEXT_GID),
        NativeMemory.getInt(context + CONTEXT_PID));
  }

  void done() {
    fuse.fuse_reply_err(claim(), 0);
  }

  void failed(Errno errno) {
    fuse.fuse_reply_err(claim(), errno.number());
  }

  /** A name leads to {@code inode}. */
  void entry(Inode inode) {
    EntryWriter.write(structuresAddress, inode, timeout.seconds());
    fuse.fuse_reply_entry(claim(), structuresAddress);
  }

  /** A name leads nowhere: ENOENT, which the kernel may remember. */
  void absent() {
    double seconds = timeout.seconds();
    if (seconds <= 0) {
      failed(Errno.ENOENT);
      return;
    }
    EntryWriter.writeAbsent(structuresAddress, seconds);
    fuse.fuse_reply_entry(claim(), structuresAddress);
  }

  /** For how long the kernel may believe what it is told now. */
  double timeoutSeconds() {
    return timeout.seconds();
  }

  void attributes(Inode inode) {
    StatWriter.write(structuresAddress, inode);
    fuse.fuse_reply_attr(claim(), structuresAddress, timeout.seconds());
  }

  /** Whether the kernel took the handle in {@code fileInfo}. */
  boolean created(Inode inode, long fileInfo) {
    EntryWriter.write(structuresAddress, inode, timeout.seconds());
    return fuse.fuse_reply_create(claim(), structuresAddress, fileInfo) == 0;
  }

  /** Whether the kernel took the handle in {@code fileInfo}. */
  boolean opened(long fileInfo) {
    return fuse.fuse_reply_open(claim(), fileInfo) == 0;
  }

  void written(long count) {
    fuse.fuse_reply_write(claim(), count);
  }

  /**
   * A buffer to put an answer of up to {@code size} bytes into, from its position 0 to its limit;
   * then call {@link #data}. Has the machine's byte order.
   *
   * @throws IllegalArgumentException beyond {@link #ANSWER_MAX_BYTES}
   */
  ByteBuffer answerBuffer(long size) {
    if (size > ANSWER_MAX_BYTES) {
      throw new IllegalArgumentException("an answer of " + size + " bytes was asked for");
    }
    return answer.clear().limit((int) size);
  }

  /**
   * What was put into the answer buffer, as a {@code struct fuse_bufvec} (fuse_common.h); answers
   * where that is.
   */
  long answerVector() {
    NativeMemory.clear(structuresAddress, BUFFER_VECTOR_BYTES);
    NativeMemory.putLong(structuresAddress + VECTOR_COUNT, 1);
    NativeMemory.putLong(structuresAddress + VECTOR_SIZE, answer.position());
    NativeMemory.putLong(structuresAddress + VECTOR_MEMORY, answerAddress);
    return structuresAddress;
  }

  /** Answers with what was put into the answer buffer: the bytes before its position. */
  void data() {
    fuse.fuse_reply_buf(claim(), answerAddress, answer.position());
  }

  /** Answers with {@code bytes}. */
  void data(byte[] bytes) {
    answerBuffer(bytes.length).put(bytes);
    data();
  }

  /** Answers a program that asked how large an attribute or list of them is. */
  void dataSize(long bytes) {
    fuse.fuse_reply_xattr(claim(), bytes);
  }

  void volume(VolumeStat stat) {
    VolumeStatWriter.write(structuresAddress, stat);
    fuse.fuse_reply_statfs(claim(), structuresAddress);
  }

  void lock(FileLock lock) {
    LockWriter.write(structuresAddress, lock);
    fuse.fuse_reply_lock(claim(), structuresAddress);
  }

  private long claim() {
    if (answered) {
      throw new IllegalStateException("a request was answered twice");
    }
    answered = true;
    return handle;
  }
}
