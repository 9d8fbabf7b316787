package org.cairnfs.node.admin;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.HomeLock;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminChunk;
import org.cairnfs.proto.AdminDone;
import org.cairnfs.proto.AdminEntry;
import org.cairnfs.proto.AdminGetRequest;
import org.cairnfs.proto.AdminInviteRequest;
import org.cairnfs.proto.AdminListRequest;
import org.cairnfs.proto.AdminPeers;
import org.cairnfs.proto.AdminPeersRequest;
import org.cairnfs.proto.AdminPutRequest;
import org.cairnfs.proto.AdminReplication;
import org.cairnfs.proto.AdminRequest;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminStatusRequest;
import org.cairnfs.proto.AdminToken;
import org.cairnfs.proto.AdminVolumeRequest;
import org.jspecify.annotations.Nullable;

/** One request to a running node. Blocks; not thread-safe. */
public final class AdminClient implements AutoCloseable {
  /** The version of the protocol spoken here. */
  public static final int PROTOCOL_VERSION = 1;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int LOOK_EVERY_MILLIS = 10;

  private final Home home;
  private final AdminConnection connection;

  private AdminClient(Home home, AdminConnection connection) {
    this.home = home;
    this.connection = connection;
  }

  /** Connects to the node of that home, or says it is not running. */
  public static AdminClient connect(Home home) throws OperatorException {
    Optional<AdminClient> client = tryConnect(home);
    if (client.isPresent()) {
      return client.get();
    }
    home.requireInitialised();
    throw new OperatorException(
        "the node of " + home + " is not running",
        "Start it with `cairn start`, or with `cairn mount DIR`.");
  }

  /**
   * Connects to the node of that home; empty if it is not running.
   *
   * @throws OperatorException also if it is starting or stopping at the moment
   */
  public static Optional<AdminClient> tryConnect(Home home) throws OperatorException {
    Optional<AdminClient> client = connectIfListening(home);
    if (client.isEmpty() && HomeLock.isHeld(home)) {
      throw betweenStates(home);
    }
    return client;
  }

  /**
   * As {@link #tryConnect}, but waits, for half a minute at most, while the node is starting or
   * stopping: for those who change which of the two it is.
   */
  public static Optional<AdminClient> tryConnectPatiently(Home home) throws OperatorException {
    long begin = System.nanoTime();
    while (true) {
      Optional<AdminClient> client = connectIfListening(home);
      if (client.isPresent() || !HomeLock.isHeld(home)) {
        return client;
      }
      if (System.nanoTime() - begin > PATIENCE.toNanos()) {
        throw betweenStates(home);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw betweenStates(home);
      }
    }
  }

  private static OperatorException betweenStates(Home home) {
    String pid = HomeLock.holderOf(home).map(n -> " (pid " + n + ")").orElse("");
    return new OperatorException(
        "the node of " + home + pid + " is starting or stopping",
        "Try again in a moment; " + home.logFile() + " says what it does.");
  }

  private static Optional<AdminClient> connectIfListening(Home home) throws OperatorException {
    @Nullable Path socket;
    try {
      socket = home.socket();
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read where the node of " + home + " listens", e);
    }
    if (socket == null || !Files.exists(socket)) {
      return Optional.empty();
    }
    try {
      SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      return Optional.of(new AdminClient(home, new AdminConnection(channel)));
    } catch (ConnectException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("refused")) {
        return Optional.empty();
      }
      throw DiskFailures.explain("cannot connect to the node at " + socket, e);
    }
  }

  /** A request that is answered by {@code done} alone. */
  public AdminDone call(AdminRequest.Builder request) throws OperatorException {
    send(request);
    AdminResponse response = receive();
    if (!response.hasDone()) {
      throw unexpected(response);
    }
    return response.getDone();
  }

  public AdminStatus status() throws OperatorException {
    send(AdminRequest.newBuilder().setStatus(AdminStatusRequest.getDefaultInstance()));
    AdminResponse response = receive();
    if (!response.hasStatus()) {
      throw unexpected(response);
    }
    return response.getStatus();
  }

  /** Makes a token with which a node can join. */
  public AdminToken invite(AdminInviteRequest request) throws OperatorException {
    send(AdminRequest.newBuilder().setInvite(request));
    AdminResponse response = receive();
    if (!response.hasToken()) {
      throw unexpected(response);
    }
    return response.getToken();
  }

  /** The nodes of the cluster. */
  public AdminPeers peers() throws OperatorException {
    send(AdminRequest.newBuilder().setPeers(AdminPeersRequest.getDefaultInstance()));
    AdminResponse response = receive();
    if (!response.hasPeers()) {
      throw unexpected(response);
    }
    return response.getPeers();
  }

  /** Changes how many copies of a blob the volume has, if that is asked for; says how many. */
  public AdminReplication volume(AdminVolumeRequest request) throws OperatorException {
    send(AdminRequest.newBuilder().setVolume(request));
    AdminResponse response = receive();
    if (!response.hasReplication()) {
      throw unexpected(response);
    }
    return response.getReplication();
  }

  /** Lists a directory, or the one file the path names; entries come in no order. */
  public void list(AdminListRequest request, Consumer<AdminEntry> entries)
      throws OperatorException {
    send(AdminRequest.newBuilder().setList(request));
    while (true) {
      AdminResponse response = receive();
      if (response.hasDone()) {
        return;
      } else if (!response.hasEntries()) {
        throw unexpected(response);
      }
      response.getEntries().getEntriesList().forEach(entries);
    }
  }

  /**
   * Copies a file of the volume into a stream.
   *
   * @param total told the file's length before the first byte
   * @param progress told how many bytes were copied, from time to time
   * @throws IOException if the stream fails
   */
  public void get(
      AdminGetRequest request, OutputStream into, LongConsumer total, LongConsumer progress)
      throws OperatorException, IOException {
    send(AdminRequest.newBuilder().setGet(request));
    AdminResponse first = receive();
    if (!first.hasReady()) {
      throw unexpected(first);
    }
    total.accept(first.getReady().getTotalBytes());
    long copied = 0;
    while (true) {
      AdminResponse response = receive();
      if (response.hasDone()) {
        return;
      } else if (!response.hasChunk()) {
        throw unexpected(response);
      }
      ByteString data = response.getChunk().getData();
      data.writeTo(into);
      copied += data.size();
      progress.accept(copied);
    }
  }

  /**
   * Copies a stream into a file of the volume, which appears complete or not at all.
   *
   * @param progress told how many bytes were copied, from time to time
   * @throws IOException if the stream fails; the volume is unchanged then
   */
  public AdminDone put(AdminPutRequest request, InputStream from, LongConsumer progress)
      throws OperatorException, IOException {
    send(AdminRequest.newBuilder().setPut(request));
    AdminResponse first = receive();
    if (!first.hasReady()) {
      throw unexpected(first);
    }
    byte[] buffer = new byte[AdminConnection.CHUNK_MAX_BYTES];
    long copied = 0;
    boolean accepted = true;
    while (accepted) {
      int length = from.readNBytes(buffer, 0, buffer.length);
      boolean last = length < buffer.length;
      accepted = sendChunk(buffer, length, last);
      copied += length;
      progress.accept(copied);
      if (last) {
        break;
      }
    }
    AdminResponse response = receive();
    if (!response.hasDone()) {
      throw unexpected(response);
    }
    return response.getDone();
  }

  /** Returns false if the node hung up: it has said why, and {@link #receive} will tell. */
  private boolean sendChunk(byte[] buffer, int length, boolean last) {
    try {
      connection.send(AdminChunk.newBuilder()
          .setData(UnsafeByteOperations.unsafeWrap(buffer, 0, length))
          .setLast(last)
          .build());
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void send(AdminRequest.Builder request) throws OperatorException {
    try {
      connection.send(request.setProtocolVersion(PROTOCOL_VERSION).build());
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private AdminResponse receive() throws OperatorException {
    @Nullable AdminResponse response;
    try {
      response = connection.receive(AdminResponse.parser());
    } catch (IOException e) {
      throw lost(e);
    }
    if (response == null) {
      throw lost(new IOException("end of stream"));
    }
    if (response.hasFailure()) {
      throw AdminFailures.toException(response.getFailure());
    }
    return response;
  }

  private OperatorException lost(IOException e) {
    return new OperatorException(
        "the node of " + home + " went away before it answered",
        "See " + home.logFile() + " for the reason and start it again with `cairn start`.",
        e);
  }

  private OperatorException unexpected(AdminResponse response) {
    return new OperatorException(
        "the node answered with " + response.getKindCase()
            + ", which this command does not understand",
        "Node and command are of different versions: run `cairn stop`, then the command again.");
  }

  @Override
  public void close() throws OperatorException {
    try {
      connection.close();
    } catch (IOException e) {
      throw lost(e);
    }
  }
}
