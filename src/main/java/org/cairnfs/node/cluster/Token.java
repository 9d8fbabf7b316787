package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.JoinToken;

/**
 * An invitation on its way from one host to another: one line of text, {@code cairn1} and then
 * Base64 (RFC 4648 section 5, no padding) of a {@link JoinToken} and the first 8 bytes of its
 * SHA-256.
 *
 * <p>Whoever has it can join as long as it is good for. Thread-safe until closed, which closes the
 * secret.
 *
 * @param cluster that one is invited into
 * @param role what the new node becomes
 * @param nodes that may answer: nobody else is believed
 * @param addresses where they are
 * @param secret proves that one is invited
 */
public record Token(
    UUID cluster,
    Role role,
    List<NodeId> nodes,
    List<ListenAddress> addresses,
    InvitationSecret secret)
    implements AutoCloseable {
  /** Most nodes, and most addresses, in a token. */
  public static final int PLACES_MAX = 16;

  private static final String ANY_VERSION = "cairn";
  private static final String VERSION = "1";
  private static final int TEXT_MAX_CHARS = 8 << 10;
  private static final int CHECK_BYTES = 8;
  private static final String REMEDY =
      "Copy it again, whole and as one line, or have a new one made with `cairn invite`.";

  public Token {
    nodes = List.copyOf(nodes);
    addresses = List.copyOf(addresses);
    if (nodes.isEmpty()
        || addresses.isEmpty()
        || nodes.size() > PLACES_MAX
        || addresses.size() > PLACES_MAX) {
      throw new IllegalArgumentException(
          "a token of " + nodes.size() + " nodes at " + addresses.size() + " addresses");
    }
  }

  /** The line of text. */
  public String encode() {
    byte[] message = JoinToken.newBuilder()
        .addAllAddresses(addresses.stream().map(ListenAddress::toString).toList())
        .setClusterId(PeerMessages.encode(cluster))
        .addAllNodeIds(
            nodes.stream().map(node -> ByteString.copyFrom(node.toBytes())).toList())
        .setSecret(ByteString.copyFrom(secret.copyBytes()))
        .setRole(PeerMessages.encode(role))
        .build()
        .toByteArray();
    ByteBuffer all = ByteBuffer.allocate(message.length + CHECK_BYTES).put(message);
    all.put(sha256(message), 0, CHECK_BYTES);
    return ANY_VERSION
        + VERSION
        + Base64.getUrlEncoder().withoutPadding().encodeToString(all.array());
  }

  /** Reads what {@link #encode} wrote; says what is wrong with anything else. */
  public static Token parse(String text) throws OperatorException {
    String token = text.strip();
    if (!token.startsWith(ANY_VERSION)
        || token.length() <= ANY_VERSION.length()
        || !Character.isDigit(token.charAt(ANY_VERSION.length()))) {
      throw new OperatorException("that is not a token of Cairn", REMEDY);
    }
    if (!token.startsWith(ANY_VERSION + VERSION)) {
      throw new OperatorException(
          "the token was made by a newer version of Cairn", "Join with the newer version.");
    }
    try {
      return parse(checked(token.substring(ANY_VERSION.length() + VERSION.length())));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      // The cause may quote the secret.
      throw damaged();
    }
  }

  private static byte[] checked(String base64) throws OperatorException {
    if (base64.length() > TEXT_MAX_CHARS) {
      throw damaged();
    }
    byte[] all = Base64.getUrlDecoder().decode(base64);
    if (all.length <= CHECK_BYTES) {
      throw damaged();
    }
    byte[] message = Arrays.copyOf(all, all.length - CHECK_BYTES);
    byte[] check = Arrays.copyOfRange(all, message.length, all.length);
    if (!Arrays.equals(check, Arrays.copyOf(sha256(message), CHECK_BYTES))) {
      throw damaged();
    }
    return message;
  }

  private static Token parse(byte[] bytes)
      throws InvalidProtocolBufferException, OperatorException {
    JoinToken message = JoinToken.parseFrom(bytes);
    if (message.getClusterId().size() != PeerMessages.UUID_BYTES) {
      throw damaged();
    }
    List<NodeId> nodes = new ArrayList<>();
    for (ByteString node : message.getNodeIdsList()) {
      nodes.add(NodeId.of(node.toByteArray()));
    }
    List<ListenAddress> addresses = new ArrayList<>();
    for (String address : message.getAddressesList()) {
      addresses.add(ListenAddress.parse(address));
    }
    return new Token(
        PeerMessages.uuid(message.getClusterId()),
        PeerMessages.role(message.getRole()),
        nodes,
        addresses,
        InvitationSecret.of(message.getSecret().toByteArray()));
  }

  private static OperatorException damaged() {
    return new OperatorException(
        "the token is damaged: a part of it is missing or was changed", REMEDY);
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }

  @Override
  public void close() {
    secret.close();
  }

  /** Says nothing of the secret. */
  @Override
  public String toString() {
    return "Token[" + cluster + ", " + role + ", at " + addresses + "]";
  }
}
