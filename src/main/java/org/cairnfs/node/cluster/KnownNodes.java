package org.cairnfs.node.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.crypto.PrivateFiles;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.PeerMember;
import org.cairnfs.proto.PeerNodes;

/**
 * Whom a node that joined was told of: it believes them until it has metadata of its own, which
 * then says who belongs to the cluster. A file in the home, a {@link PeerNodes}.
 */
public final class KnownNodes {
  /** Writes or replaces the file. */
  public static void save(Path file, List<KnownNode> nodes) throws IOException {
    PrivateFiles.replace(
        file,
        PeerNodes.newBuilder()
            .addAllNodes(nodes.stream().map(KnownNode::encode).toList())
            .build()
            .toByteArray());
  }

  /** Reads the file; nobody if there is none. */
  public static List<KnownNode> load(Path file) throws IOException, OperatorException {
    try {
      return decode(PeerNodes.parseFrom(Files.readAllBytes(file)).getNodesList());
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (InvalidProtocolBufferException e) {
      throw new OperatorException(
          file + " is damaged",
          "Remove this home and join again with a new token; nothing is lost by that.",
          e);
    }
  }

  static List<KnownNode> decode(List<PeerMember> messages) throws OperatorException {
    List<KnownNode> nodes = new ArrayList<>();
    for (PeerMember message : messages) {
      nodes.add(KnownNode.decode(message));
    }
    return nodes;
  }

  private KnownNodes() {}
}
