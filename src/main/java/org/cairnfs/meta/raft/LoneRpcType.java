package org.cairnfs.meta.raft;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.ServerFactory;

/**
 * The way servers of a group of one talk to each other: not at all.
 *
 * <p>Ratis makes it by its class name, so class and constructor are public.
 */
public final class LoneRpcType implements RpcType {
  /** For Ratis. */
  public LoneRpcType() {}

  @Override
  public String name() {
    return LoneRpcType.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory();
  }

  private static final class Factory implements ServerFactory {
    @Override
    public RpcType getRpcType() {
      return new LoneRpcType();
    }

    @Override
    public RaftServerRpc newRaftServerRpc(RaftServer server) {
      return new LoneServerRpc();
    }
  }
}
