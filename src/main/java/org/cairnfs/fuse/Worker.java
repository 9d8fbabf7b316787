package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import org.cairnfs.core.Errno;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that takes requests from the kernel, one at a time, until the session is over.
 *
 * <p>A Java thread of our own rather than one of libfuse's, which starts and ends threads all the
 * time and pays for attaching each to the JVM. Owns the memory that requests arrive in and answers
 * leave from.
 */
final class Worker extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  /**
   * What all workers of a session share.
   *
   * @param session libfuse's session
   * @param channel libfuse's channel to the kernel
   * @param handshake answers the kernel's first request
   * @param standby says who waits for the next request
   * @param onRequest called for each request, before it is served; does not block
   */
  record Connection(
      LibFuse fuse,
      long session,
      long channel,
      Handshake handshake,
      Standby standby,
      Runnable onRequest) {}

  /** ECONNABORTED, negated: the connection was cut, which ends the session as an unmount does. */
  private static final int ABORTED = -103;

  /** Size of struct fuse_in_header. */
  private static final int HEADER_BYTES = 40;

  private final LibFuse fuse;
  private final long session;
  private final long channel;
  private final Handshake handshake;
  private final Standby standby;
  private final Runnable onRequest;
  private final Runnable onExit;
  private final ByteBuffer arrival;
  private final long arrivalAddress;
  private final ByteBuffer channelReference = ByteBuffer.allocateDirect(Long.BYTES);
  private final Request request;

  /** The first int behind the request's header, before libfuse changes it. */
  private int firstInt;

  private NewerRequest newer = NewerRequest.NONE;

  /** @param onExit called on this thread as its last act */
  Worker(String name, Connection connection, CacheTimeout timeout, Runnable onExit) {
    super(name);
    this.fuse = connection.fuse;
    this.session = connection.session;
    this.channel = connection.channel;
    this.handshake = connection.handshake;
    this.standby = connection.standby;
    this.onRequest = connection.onRequest;
    this.onExit = onExit;
    this.arrival = ByteBuffer.allocateDirect(Handshake.REQUEST_MAX_BYTES);
    this.arrivalAddress = NativeMemory.addressOf(arrival);
    this.request = new Request(fuse, timeout);
    setDaemon(true);
  }

  /** The request being served. Only for callbacks, which libfuse makes on this thread. */
  static Request currentRequest() {
    return ((Worker) Thread.currentThread()).request;
  }

  /**
   * The bytes that came with the request being served.
   *
   * @return a view of this worker's memory, good until the request is answered
   */
  static ByteBuffer payload(long address, long size) {
    Worker worker = (Worker) Thread.currentThread();
    long offset = address - worker.arrivalAddress;
    if (offset < 0 || size < 0 || offset + size > worker.arrival.capacity()) {
      throw new IllegalStateException("data outside the request's buffer");
    }
    return worker.arrival.limit((int) (offset + size)).position((int) offset);
  }

  /** The int right behind the header of the request being served, as the kernel sent it. */
  static int requestFirstInt() {
    return ((Worker) Thread.currentThread()).firstInt;
  }

  /** The int at an offset of the request being served as the kernel sent it (linux/fuse.h). */
  static int requestInt(int offset) {
    return NativeMemory.getInt(((Worker) Thread.currentThread()).arrivalAddress + offset);
  }

  /** The long at an offset of the request being served, as {@link #requestInt}. */
  static long requestLong(int offset) {
    return NativeMemory.getLong(((Worker) Thread.currentThread()).arrivalAddress + offset);
  }

  /** Whether the request being served is one that libfuse takes for another. */
  static boolean isServing(NewerRequest request) {
    return ((Worker) Thread.currentThread()).newer == request;
  }

  @Override
  public void run() {
    try {
      serve();
    } catch (Throwable unexpected) {
      LOG.error("a FUSE worker ended", unexpected);
    } finally {
      standby.close();
      onExit.run();
    }
  }

  private void serve() {
    long reference = NativeMemory.addressOf(channelReference);
    int retry1 = -Errno.EINTR.number();
    int retry2 = -Errno.EAGAIN.number();
    while (true) {
      NativeMemory.putLong(reference, channel);
      standby.enter();
      int length = fuse.fuse_chan_recv(reference, arrivalAddress, arrival.capacity());
      standby.leave();
      if (length > 0) {
        onRequest.run();
        firstInt = NativeMemory.getInt(arrivalAddress + HEADER_BYTES);
        newer = NewerRequest.disguise(arrivalAddress);
        long answerTo =
            Handshake.isInit(arrivalAddress) ? handshake.begin(arrivalAddress) : channel;
        fuse.fuse_session_process(session, arrivalAddress, length, answerTo);
      } else if (length == 0 || length == ABORTED) {
        return;
      } else if (length != retry1 && length != retry2) {
        LOG.error("reading requests from the kernel failed with errno {}", -length);
        return;
      }
    }
  }
}
