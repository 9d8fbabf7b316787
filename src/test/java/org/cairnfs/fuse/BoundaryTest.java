package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Runtime;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.junit.jupiter.api.Test;

/** Every request is answered exactly once, whatever the operation does. */
final class BoundaryTest {
  private static final long REQUEST = 4711;

  @Test
  void anAnswerIsSent() throws Exception {
    assertThat(serve(Request::done)).containsExactly("fuse_reply_err [4711, 0]");
  }

  @Test
  void anExpectedFailureIsItsErrno() throws Exception {
    assertThat(serve(failing(new PosixException(Errno.ENOTEMPTY, "full"))))
        .containsExactly("fuse_reply_err [4711, 39]");
  }

  @Test
  void anUnexpectedFailureIsEio() throws Exception {
    assertThat(serve(failing(new IllegalStateException("on purpose"))))
        .containsExactly("fuse_reply_err [4711, 5]");
    assertThat(serve(failing(new OutOfMemoryError("on purpose"))))
        .containsExactly("fuse_reply_err [4711, 5]");
  }

  @Test
  void aForgottenAnswerIsEio() throws Exception {
    assertThat(serve(request -> {})).containsExactly("fuse_reply_err [4711, 5]");
  }

  @Test
  void aSecondAnswerIsNotSent() throws Exception {
    assertThat(serve(request -> {
          request.written(3);
          request.done();
        }))
        .containsExactly("fuse_reply_write [4711, 3]");
  }

  @Test
  void aFailureAfterTheAnswerSendsNothing() throws Exception {
    assertThat(serve(request -> {
          request.done();
          throw new PosixException(Errno.EIO, "too late");
        }))
        .containsExactly("fuse_reply_err [4711, 0]");
  }

  @Test
  void aDetachedRequestIsLeftAlone() throws Exception {
    assertThat(serve(request -> assertThat(request.detach()).isEqualTo(REQUEST)))
        .isEmpty();
    assertThat(serve(request -> {
          request.detach();
          throw new IllegalStateException("on purpose");
        }))
        .isEmpty();
  }

  private static Boundary.Work failing(Throwable failure) {
    return request -> {
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    };
  }

  /** Serves one request on a worker whose libfuse only notes what it is told. */
  private static List<String> serve(Boundary.Work work) throws Exception {
    List<String> answers = new ArrayList<>();
    boolean[] received = {false};
    LibFuse fuse = (LibFuse) Proxy.newProxyInstance(
        LibFuse.class.getClassLoader(),
        new Class<?>[] {LibFuse.class},
        (proxy, method, arguments) -> {
          return switch (method.getName()) {
            case "fuse_chan_new" -> 3L;
            case "fuse_chan_recv" -> {
              boolean first = !received[0];
              received[0] = true;
              yield first ? 1 : 0;
            }
            case "fuse_session_process" -> {
              Boundary.serve(REQUEST, work);
              yield null;
            }
            default -> {
              answers.add(method.getName() + " " + List.of(arguments));
              yield 0;
            }
          };
        });
    OperationTable operations = new OperationTable(Runtime.getSystemRuntime());
    Worker.Connection connection = new Worker.Connection(
        fuse, 1, 2, new Handshake(fuse, operations, 2), new Standby(), () -> {});
    answers.clear();
    boolean[] left = {false};
    Worker worker = new Worker(
        "worker", connection, new CacheTimeout(Duration.ofSeconds(1)), () -> left[0] = true);
    worker.start();
    worker.join();
    assertThat(left[0]).isTrue();
    return answers;
  }
}
