package org.cairnfs.fuse;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every callback goes through: no exception reaches libfuse, and every request is answered
 * exactly once.
 *
 * <p>A {@link PosixException} becomes its errno. Anything else is a defect: EIO, and a stack trace
 * in the log.
 */
final class Boundary {
  private static final Logger LOG = LoggerFactory.getLogger(Boundary.class);

  /** The work of one operation; answers {@code request}, detaches it, or throws. */
  interface Work {
    void answer(Request request);
  }

  /** Runs {@code work} for the libfuse request {@code handle}. Only on a {@link Worker}. */
  static void serve(long handle, Work work) {
    Request request = Worker.currentRequest();
    request.begin(handle);
    try {
      work.answer(request);
      if (!request.answered()) {
        throw new IllegalStateException("an operation ended without an answer");
      }
    } catch (Throwable failure) {
      fail(request, failure);
    }
  }

  /**
   * As {@link #serve}, for what is done to an inode that the kernel found by a name before. If it
   * is gone by now, the name may lead to another one since, as after a rename over it on another
   * host: ESTALE makes the kernel look the name up again, and programs hear of ENOENT only if it is
   * free.
   */
  static void serveFound(long handle, Work work) {
    serve(handle, request -> {
      try {
        work.answer(request);
      } catch (PosixException failure) {
        throw failure.errno() == Errno.ENOENT
            ? new PosixException(Errno.ESTALE, "an inode that is gone")
            : failure;
      }
    });
  }

  /** The error number that tells a program of {@code failure}; logs what nobody expected. */
  static Errno errnoOf(Throwable failure) {
    if (failure instanceof PosixException expected) {
      if (expected.getCause() != null) {
        LOG.warn("a request fails with {}", expected.errno(), expected);
      }
      return expected.errno();
    }
    if (failure instanceof CompletionException && failure.getCause() != null) {
      return errnoOf(failure.getCause());
    }
    if (failure instanceof CancellationException) {
      return Errno.EINTR;
    }
    LOG.error("a request failed unexpectedly", failure);
    return Errno.EIO;
  }

  private static void fail(Request request, Throwable failure) {
    try {
      Errno errno = errnoOf(failure);
      if (!request.answered()) {
        request.failed(errno);
      }
    } catch (Throwable again) {
      // Logging can fail too (no memory, no disk): the program still gets its answer.
      if (!request.answered()) {
        request.failed(Errno.EIO);
      }
    }
  }

  private Boundary() {}
}
