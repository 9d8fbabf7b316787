package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BadKeyException;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.NodeCertificates;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.LocalNode;
import org.cairnfs.net.NetPorts;
import org.cairnfs.net.PeerClient;
import org.cairnfs.net.PeerException;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.PeerTransport;
import org.cairnfs.net.Role;
import org.cairnfs.net.Standing;
import org.cairnfs.net.TlsIdentity;
import org.cairnfs.net.TransportSettings;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.PeerJoinReply;
import org.cairnfs.proto.PeerJoinRequest;
import org.cairnfs.proto.PeerMember;
import org.jspecify.annotations.Nullable;

/** Asks the nodes that a token names to admit a new one. For one thread; blocks. */
public final class JoinClient implements AutoCloseable {
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(8);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(40);
  private static final int ASK_AGAIN_MAX = 20;

  /** Longer than a peer is left alone after a connection was lost. */
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(150, TimeUnit.MILLISECONDS);

  private static final int EVENT_LOOPS = 1;
  private static final String NEW_TOKEN = "Have a new token made with `cairn invite` on a member.";

  private final Token token;
  private final PeerTransport transport;
  private final PeerClient client;
  private final InstantSource clock;

  /** What came of asking, by address, where nobody has decided. */
  private final Map<ListenAddress, String> troubles = new LinkedHashMap<>();

  private JoinClient(Token token, PeerTransport transport, InstantSource clock) {
    this.token = token;
    this.transport = transport;
    this.client = transport.client();
    this.clock = clock;
  }

  /** For a node with that identity. */
  public static JoinClient open(
      Token token,
      NodeIdentity identity,
      String software,
      ThreadFactory threads,
      SecureRandom random,
      InstantSource clock) {
    NodeCertificates.Credentials credentials = NodeCertificates.issue(identity, random);
    TransportSettings settings = TransportSettings.DEFAULT;
    return new JoinClient(
        token,
        PeerTransport.open(
            new LocalNode(identity.id(), token.cluster(), Set.of(token.role()), 0, software),
            new TlsIdentity(credentials.key(), credentials.chain(), NodeCertificates::verify),
            // Whether it is one that the token names is looked at before it hears the secret.
            node -> Standing.MEMBER,
            new TransportSettings(
                EVENT_LOOPS,
                settings.nativeParts(),
                settings.connectLimit(),
                settings.handshakeLimit(),
                settings.keepAlive(),
                settings.silenceLimit(),
                settings.backOff(),
                settings.backOffMax(),
                settings.closeLimit()),
            new NetPorts(threads, System::nanoTime, random)),
        clock);
  }

  /**
   * Asks one after the other, and all to answer at the same time.
   *
   * @param listen where the new node will be found; all of its host's addresses stand for the one
   *     it asks from
   * @throws OperatorException if nobody admits it, saying why
   */
  public Admission join(ListenAddress listen, NodeProfile profile, long capacityBytes)
      throws OperatorException {
    byte[] request = PeerJoinRequest.newBuilder()
        .setSecret(ByteString.copyFrom(token.secret().copyBytes()))
        .setSelf(PeerMember.newBuilder()
            .addAddresses(listen.toString())
            .setRole(PeerMessages.encode(token.role()))
            .setZone(profile.zone())
            .setCapacityBytes(capacityBytes))
        .build()
        .toByteArray();
    Map<ListenAddress, CompletableFuture<PeerInfo>> found = new LinkedHashMap<>();
    for (ListenAddress address : token.addresses()) {
      found.put(
          address,
          client.identify(
              InetSocketAddress.createUnresolved(address.host(), address.port()), CONNECT_LIMIT));
    }
    for (Map.Entry<ListenAddress, CompletableFuture<PeerInfo>> place : found.entrySet()) {
      @Nullable PeerInfo node = await(place.getKey(), place.getValue());
      if (node != null && !token.nodes().contains(node.id())) {
        troubles.put(
            place.getKey(),
            "a node answers that the token does not name: it belongs to another cluster, or has"
                + " taken this address over");
      } else if (node != null) {
        @Nullable ByteBuffer reply = ask(place.getKey(), node.id(), request);
        if (reply != null) {
          return read(reply);
        }
      }
    }
    throw new OperatorException(
        "none of the token's nodes could be asked: "
            + troubles.entrySet().stream()
                .map(trouble -> trouble.getKey() + ": " + trouble.getValue())
                .collect(Collectors.joining("; ")),
        "See that they run and can be reached from this host, or have a token made that names other"
            + " nodes.");
  }

  /**
   * Asks, and again while the connection is lost: a node that was found at two addresses lets go of
   * the older connection. Whoever is admitted already is told so, so asking twice does no harm.
   */
  private @Nullable ByteBuffer ask(ListenAddress address, NodeId node, byte[] request)
      throws OperatorException {
    CompletableFuture<ByteBuffer> answer = request(node, request);
    for (int again = 0; again < ASK_AGAIN_MAX && isLost(answer); again++) {
      answer = answer
          .handle((reply, problem) -> problem)
          .thenComposeAsync(problem -> request(node, request), LATER);
    }
    return await(address, answer);
  }

  private CompletableFuture<ByteBuffer> request(NodeId node, byte[] request) {
    return client.request(node, PeerMessages.JOIN, ByteBuffer.wrap(request), ANSWER_LIMIT);
  }

  /** Waits for the answer; whether there is none because there is no connection. */
  private static boolean isLost(CompletableFuture<ByteBuffer> answer) {
    return answer
        .handle((reply, problem) -> {
          Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
          return cause instanceof PeerException lost
              && lost.reason() == PeerException.Reason.UNREACHABLE;
        })
        .join();
  }

  /** Null if it failed in a way that another node may not. */
  private <T> @Nullable T await(ListenAddress address, CompletableFuture<T> future)
      throws OperatorException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperatorException("interrupted while joining", "Join again.", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof PeerException failure
          && failure.reason() == PeerException.Reason.REFUSED) {
        refused(address, failure);
      }
      troubles.put(address, trouble(e.getCause() == null ? e : e.getCause()));
      return null;
    }
  }

  private static String trouble(Throwable cause) {
    if (cause instanceof PeerException failure
        && failure.reason() == PeerException.Reason.REFUSED) {
      if (failure.code() == FailureCode.NOT_A_MEMBER) {
        return "no invitation is open there: the token has expired, or was used long ago";
      } else if (failure.code() == FailureCode.WRONG_CLUSTER) {
        return "the node there belongs to another cluster than the token";
      }
    }
    return String.valueOf(cause.getMessage());
  }

  /** Throws if every other node would say the same. */
  private void refused(ListenAddress address, PeerException failure) throws OperatorException {
    String said = String.valueOf(failure.getMessage());
    if (failure.code() == FailureCode.FORBIDDEN || failure.code() == FailureCode.INVALID) {
      throw new OperatorException(
          "the node at " + address + " does not admit this one: " + said, NEW_TOKEN, failure);
    } else if (failure.code() == FailureCode.WRONG_VERSION) {
      throw new OperatorException(
          "the node at " + address + " runs another version of Cairn: " + said,
          "Run the same version on both hosts.",
          failure);
    }
  }

  private Admission read(ByteBuffer answer) throws OperatorException {
    try {
      PeerJoinReply reply = PeerJoinReply.parseFrom(answer);
      boolean member = token.role() == Role.MEMBER;
      if (reply.getVolumeId().size() != PeerMessages.UUID_BYTES
          || reply.getKeySlots().isEmpty() == member) {
        throw notUnderstood(null);
      }
      List<KnownNode> nodes = new ArrayList<>(KnownNodes.decode(reply.getMembersList()));
      return new Admission(
          PeerMessages.uuid(reply.getVolumeId()),
          nodes,
          ClockDifference.between(reply.getClockMillis(), clock.millis()),
          member ? KeySlots.parse("the answer", reply.getKeySlots().toByteArray()) : null,
          reply.getWrappedKeyFile().isEmpty() ? null : keyFile(reply));
    } catch (InvalidProtocolBufferException | BadKeyException e) {
      throw notUnderstood(e);
    }
  }

  private KeyFile keyFile(PeerJoinReply reply) throws BadKeyException {
    return token.secret().unwrap(reply.getWrappedKeyFile().toByteArray());
  }

  private static OperatorException notUnderstood(@Nullable Exception cause) {
    String message = "this node was admitted, but the answer cannot be understood";
    String remedy = "Run the same version of Cairn on both hosts, then remove the node that "
        + "`cairn peers` shows as never seen, and join again.";
    return cause == null
        ? new OperatorException(message, remedy)
        : new OperatorException(message, remedy, cause);
  }

  @Override
  public void close() {
    client.close();
    transport.close();
  }
}
