package org.cairnfs.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.cairnfs.proto.AdminPeer;
import org.cairnfs.proto.AdminRole;
import org.jspecify.annotations.Nullable;

/** The nodes of a cluster for people and for programs. docs/cli.md describes the JSON keys. */
final class PeersOutput {
  private static final int ID_CHARS = 12;
  private static final List<String> HEADINGS = List.of(
      "ID", "ADDRESS", "ROLE", "STATE", "LOG", "CAPACITY", "USED", "LATENCY", "ZONE", "VERSION");
  private static final double MICROS_PER_MILLI = 1000;

  static String text(List<AdminPeer> peers) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEADINGS);
    peers.forEach(peer -> rows.add(row(peer)));
    int[] widths = new int[HEADINGS.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    peers.stream()
        .filter(peer -> !peer.getTrouble().isEmpty())
        .forEach(peer ->
            text.append(shortId(peer)).append(": ").append(peer.getTrouble()).append('\n'));
    return text.substring(0, text.length() - 1);
  }

  private static List<String> row(AdminPeer peer) {
    return List.of(
        shortId(peer) + (peer.getSelf() ? "*" : ""),
        peer.getAddressesCount() == 0 ? "-" : peer.getAddresses(0),
        role(peer.getRole()),
        state(peer),
        log(peer),
        ByteSizes.format(peer.getCapacityBytes()),
        peer.getLive() ? ByteSizes.format(peer.getUsedBytes()) : "-",
        peer.getLatencyMicros() == 0
            ? "-"
            : String.format(Locale.ROOT, "%.1f ms", peer.getLatencyMicros() / MICROS_PER_MILLI),
        peer.getZone().isEmpty() ? "-" : peer.getZone(),
        peer.getSoftware().isEmpty() ? "-" : peer.getSoftware());
  }

  private static String shortId(AdminPeer peer) {
    return peer.getNodeId().substring(0, Math.min(ID_CHARS, peer.getNodeId().length()));
  }

  static String role(AdminRole role) {
    return role == AdminRole.ADMIN_ROLE_STORAGE ? "storage" : "member";
  }

  private static String state(AdminPeer peer) {
    if (!peer.getLive()) {
      return peer.getDraining() ? "down, draining" : "down";
    }
    return peer.getDraining() ? drained(peer) : "up";
  }

  private static String drained(AdminPeer peer) {
    if (!peer.hasBlobsToMove()) {
      return "draining";
    }
    return peer.getBlobsToMove() == 0 ? "drained" : "draining, " + peer.getBlobsToMove() + " left";
  }

  /** Null stands for a number that is not known yet. */
  private static @Nullable Long toMove(AdminPeer peer) {
    return peer.getDraining() && !peer.hasBlobsToMove() ? null : (Long) peer.getBlobsToMove();
  }

  private static String log(AdminPeer peer) {
    if (peer.getLeader()) {
      return "leader";
    }
    return peer.getVoter() ? "voter" : "learner";
  }

  static String json(List<AdminPeer> peers) {
    List<Object> list = new ArrayList<>();
    for (AdminPeer peer : peers) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("id", peer.getNodeId());
      json.put("self", peer.getSelf());
      json.put("addresses", peer.getAddressesList());
      json.put("role", role(peer.getRole()));
      json.put("state", peer.getLive() ? "up" : "down");
      json.put("draining", peer.getDraining());
      json.put("blobsToMove", toMove(peer));
      json.put("zone", peer.getZone());
      json.put("version", peer.getSoftware());
      json.put("capacityBytes", peer.getCapacityBytes());
      json.put("usedBytes", peer.getUsedBytes());
      json.put("latencyMicros", peer.getLatencyMicros());
      json.put("voter", peer.getVoter());
      json.put("leader", peer.getLeader());
      json.put("trouble", peer.getTrouble());
      list.add(json);
    }
    return Json.format(Map.of("nodes", list));
  }

  private PeersOutput() {}
}
