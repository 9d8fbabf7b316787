package org.cairnfs.node.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.SocketPlace;
import org.cairnfs.proto.AdminChunk;
import org.cairnfs.proto.AdminDone;
import org.cairnfs.proto.AdminEntries;
import org.cairnfs.proto.AdminEntry;
import org.cairnfs.proto.AdminGetRequest;
import org.cairnfs.proto.AdminListRequest;
import org.cairnfs.proto.AdminPutRequest;
import org.cairnfs.proto.AdminReady;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminStopRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Client and server over a real socket, with handlers made up for the purpose. */
@Timeout(60)
final class AdminServerTest {
  private static final AdminResponse DONE =
      AdminResponse.newBuilder().setDone(AdminDone.newBuilder().setPid(42)).build();

  @TempDir
  private Path directory;

  private final ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor();
  private final List<AdminServer> servers = new ArrayList<>();
  private Home home;
  private Path socket;

  @BeforeEach
  void makeHome() throws IOException {
    home = Home.at(directory);
    Files.createFile(home.config());
    socket = SocketPlace.prepare(home);
  }

  @AfterEach
  void closeServers() throws IOException {
    for (AdminServer server : servers) {
      server.close();
    }
    timers.shutdownNow();
  }

  private AdminServer serve(AdminHandler handler) throws IOException {
    AdminServer server = AdminServer.open(socket, handler, Thread::new, timers);
    servers.add(server);
    return server;
  }

  private AdminClient connect() throws OperatorException {
    return AdminClient.connect(home);
  }

  private static AdminRequest.Builder stop() {
    return AdminRequest.newBuilder().setStop(AdminStopRequest.getDefaultInstance());
  }

  @Test
  void theSocketIsPrivateAndReplacesAStaleOne() throws Exception {
    Files.createFile(socket);
    serve((request, connection) -> DONE);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    try (AdminClient client = connect()) {
      assertThat(client.call(stop()).getPid()).isEqualTo(42);
    }
  }

  @Test
  void withoutANodeTheCommandSaysSo() throws Exception {
    assertThat(AdminClient.tryConnect(home)).isEmpty();
    OperatorException absent = catchThrowableOfType(OperatorException.class, this::connect);
    assertThat(absent).hasMessageContaining("is not running");
    assertThat(absent.remedy()).contains("cairn start");

    serve((request, connection) -> DONE).close();
    Files.createFile(socket);
    assertThat(AdminClient.tryConnect(home)).as("a socket nobody listens at").isEmpty();
  }

  @Test
  void failuresArriveAsTheyWere() throws Exception {
    serve((request, connection) -> {
      throw new OperatorException("it is so", "do this", 2);
    });
    try (AdminClient client = connect()) {
      OperatorException failure =
          catchThrowableOfType(OperatorException.class, () -> client.call(stop()));
      assertThat(failure).hasMessage("it is so");
      assertThat(failure.remedy()).isEqualTo("do this");
      assertThat(failure.exitCode()).isEqualTo(2);
    }
  }

  @Test
  void aDefectIsAnsweredAndServingGoesOn() throws Exception {
    serve((request, connection) -> {
      if (request.hasStop()) {
        throw new IllegalStateException("defect");
      }
      return AdminResponse.newBuilder()
          .setStatus(AdminStatus.newBuilder().setPid(7))
          .build();
    });
    try (AdminClient client = connect()) {
      assertThatThrownBy(() -> client.call(stop())).hasMessageContaining("defect");
    }
    try (AdminClient client = connect()) {
      assertThat(client.status().getPid()).isEqualTo(7);
    }
  }

  @Test
  void anotherProtocolVersionIsRefused() throws Exception {
    serve((request, connection) -> DONE);
    try (AdminConnection connection =
        new AdminConnection(SocketChannel.open(UnixDomainSocketAddress.of(socket)))) {
      connection.send(stop().setProtocolVersion(2).build());
      assertThat(connection.receive(AdminResponse.parser()).getFailure().getMessage())
          .contains("version 2");
    }
  }

  @Test
  void garbageClosesTheConnectionAndNothingElse() throws Exception {
    serve((request, connection) -> DONE);
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, 0}));
      // End of stream, or a reset because the node had not read everything.
      try {
        assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      } catch (IOException reset) {
        assertThat(reset).hasMessageContaining("reset");
      }
    }
    try (AdminClient client = connect()) {
      assertThat(client.call(stop()).getPid()).isEqualTo(42);
    }
  }

  @Test
  void filesOfAllLengthsGoInAndOut() throws Exception {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    serve((request, connection) -> {
      if (request.hasPut()) {
        stored.reset();
        connection.send(
            AdminResponse.newBuilder().setReady(AdminReady.getDefaultInstance()).build());
        boolean last = false;
        while (!last) {
          AdminChunk chunk = connection.receive(AdminChunk.parser());
          chunk.getData().writeTo(stored);
          last = chunk.getLast();
        }
        return DONE;
      }
      connection.send(AdminResponse.newBuilder()
          .setReady(AdminReady.newBuilder().setTotalBytes(stored.size()))
          .build());
      byte[] all = stored.toByteArray();
      for (int i = 0; i < all.length; i += AdminConnection.CHUNK_MAX_BYTES) {
        int length = Math.min(AdminConnection.CHUNK_MAX_BYTES, all.length - i);
        AdminChunk chunk =
            AdminChunk.newBuilder().setData(ByteString.copyFrom(all, i, length)).build();
        connection.send(AdminResponse.newBuilder().setChunk(chunk).build());
      }
      return DONE;
    });
    int chunk = AdminConnection.CHUNK_MAX_BYTES;
    for (int length : new int[] {0, 1, chunk - 1, chunk, chunk + 1, 5 * chunk + 17}) {
      byte[] content = new byte[length];
      new Random(length).nextBytes(content);
      List<Long> told = new ArrayList<>();
      try (AdminClient client = connect()) {
        // In two parts, because a pipe hands over what there is.
        InputStream from = new SequenceInputStream(
            new ByteArrayInputStream(content, 0, length / 3),
            new ByteArrayInputStream(content, length / 3, length - length / 3));
        client.put(AdminPutRequest.getDefaultInstance(), from, told::add);
      }
      assertThat(told.get(told.size() - 1)).isEqualTo(length);
      ByteArrayOutputStream back = new ByteArrayOutputStream();
      try (AdminClient client = connect()) {
        client.get(AdminGetRequest.getDefaultInstance(), back, told::add, copied -> {});
      }
      assertThat(told.get(told.size() - 1)).as("the length, told first").isEqualTo(length);
      assertThat(back.toByteArray()).isEqualTo(content);
    }
  }

  @Test
  void aPutThatIsRefusedMidwaySaysWhy() throws Exception {
    serve((request, connection) -> {
      connection.send(
          AdminResponse.newBuilder().setReady(AdminReady.getDefaultInstance()).build());
      connection.receive(AdminChunk.parser());
      throw new OperatorException("the disk is full", "free some space");
    });
    InputStream endless = new InputStream() {
      @Override
      public int read() {
        return 'x';
      }

      @Override
      public int readNBytes(byte[] into, int offset, int length) {
        return length;
      }
    };
    try (AdminClient client = connect()) {
      assertThatThrownBy(
              () -> client.put(AdminPutRequest.getDefaultInstance(), endless, copied -> {}))
          .hasMessage("the disk is full");
    }
  }

  @Test
  void listingsComeInPages() throws Exception {
    serve((request, connection) -> {
      for (int i = 0; i < 3; i++) {
        AdminEntry entry = AdminEntry.newBuilder().setInode(i).build();
        connection.send(AdminResponse.newBuilder()
            .setEntries(AdminEntries.newBuilder().addEntries(entry).addEntries(entry))
            .build());
      }
      return DONE;
    });
    List<AdminEntry> entries = new ArrayList<>();
    try (AdminClient client = connect()) {
      client.list(AdminListRequest.getDefaultInstance(), entries::add);
    }
    assertThat(entries).hasSize(6);
  }

  @Test
  void transfersLeaveRoomForOtherCommands() throws Exception {
    int transfers = AdminServer.CONNECTIONS_MAX - AdminServer.CONNECTIONS_RESERVED;
    CountDownLatch started = new CountDownLatch(transfers);
    AtomicInteger cut = new AtomicInteger();
    AdminServer server = serve((request, connection) -> {
      if (request.hasStop()) {
        return DONE;
      }
      started.countDown();
      try {
        connection.receive(AdminChunk.parser());
      } finally {
        cut.incrementAndGet();
      }
      return DONE;
    });
    List<AdminConnection> open = new ArrayList<>();
    for (int i = 0; i < transfers; i++) {
      AdminConnection connection =
          new AdminConnection(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
      connection.send(put());
      open.add(connection);
    }
    assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
    try (AdminClient client = connect()) {
      assertThatThrownBy(() -> client.list(AdminListRequest.getDefaultInstance(), entry -> {}))
          .hasMessageContaining("busy");
    }
    try (AdminClient client = connect()) {
      assertThat(client.call(stop()).getPid()).isEqualTo(42);
    }

    assertThat(server.drain(Duration.ofSeconds(30))).isTrue();
    assertThat(cut).hasValue(transfers);
    assertThat(socket).doesNotExist();
    for (AdminConnection connection : open) {
      connection.close();
    }
  }

  private static AdminRequest put() {
    return AdminRequest.newBuilder()
        .setProtocolVersion(AdminClient.PROTOCOL_VERSION)
        .setPut(AdminPutRequest.getDefaultInstance())
        .build();
  }
}
