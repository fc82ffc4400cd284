/*
 * TxnLog: prints what the servers of an ensemble decided, and when, from their
 * transaction logs, which only the servers write.
 *
 * usage: java TxnLog PREFIX DATADIR...
 *
 * Prints "ZXID MS SESSION create PATH CHANGE DATA" and "... delete PATH" for
 * nodes whose paths begin with PREFIX, and "ZXID MS SESSION close".  MS is the
 * leader's wall clock.  SESSION is in hex; for a create it is the owner, or 0.
 * CHANGE counts the changes of the parent's children.
 * Transactions that only one server has logged are omitted: the ensemble did
 * not decide them.
 */
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.apache.jute.BinaryInputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.TxnLog.TxnIterator;
import org.apache.zookeeper.txn.CreateContainerTxn;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.DeleteTxn;
import org.apache.zookeeper.txn.MultiTxn;
import org.apache.zookeeper.txn.Txn;
import org.apache.zookeeper.txn.TxnHeader;

public class TxnLog {
	/* What a transaction does, and how many servers have logged it. */
	private static class Entry {
		final List<String> lines = new ArrayList<>();
		int servers;
	}

	private static final Map<Long, Entry> all = new TreeMap<>();
	private static String prefix;

	private static void say(Entry e, TxnHeader header, long session,
	    String what) {
		e.lines.add(header.getZxid() + " " + header.getTime() + " " +
		    Long.toHexString(session) + " " + what);
	}

	private static void sayNode(Entry e, TxnHeader header, long session,
	    String what, String path, String rest) {
		if (path.startsWith(prefix))
			say(e, header, session, what + " " + path + rest);
	}

	private static String text(int change, byte[] data) {
		return " " + change + " " + (data == null ? "" :
		    new String(data, StandardCharsets.UTF_8));
	}

	private static Record read(Record record, Txn part) throws IOException {
		record.deserialize(BinaryInputArchive.getArchive(
		    new ByteArrayInputStream(part.getData())), "txn");
		return record;
	}

	private static void take(Entry e, TxnHeader header, Record record)
	    throws IOException {
		if (record instanceof CreateTxn) {
			CreateTxn txn = (CreateTxn)record;

			sayNode(e, header, txn.getEphemeral() ?
			    header.getClientId() : 0, "create", txn.getPath(),
			    text(txn.getParentCVersion(), txn.getData()));
		} else if (record instanceof CreateContainerTxn) {
			CreateContainerTxn txn = (CreateContainerTxn)record;

			sayNode(e, header, 0, "create", txn.getPath(),
			    text(txn.getParentCVersion(), txn.getData()));
		} else if (record instanceof DeleteTxn) {
			sayNode(e, header, header.getClientId(), "delete",
			    ((DeleteTxn)record).getPath(), "");
		} else if (record instanceof MultiTxn) {
			for (Txn part : ((MultiTxn)record).getTxns())
				takePart(e, header, part);
		} else if (header.getType() == OpCode.closeSession) {
			say(e, header, header.getClientId(), "close");
		}
	}

	private static void takePart(Entry e, TxnHeader header, Txn part)
	    throws IOException {
		switch (part.getType()) {
		case OpCode.create:
		case OpCode.create2:
			take(e, header, read(new CreateTxn(), part));
			break;
		case OpCode.delete:
			take(e, header, read(new DeleteTxn(), part));
			break;
		default:
			break;
		}
	}

	/* The log of a killed server may end in half a record. */
	private static boolean advance(TxnIterator log) throws IOException {
		try {
			return log.next();
		} catch (EOFException e) {
			return false;
		}
	}

	private static void takeServer(File dir) throws IOException {
		Set<Long> seen = new HashSet<>();

		try (TxnIterator log = new FileTxnLog(
		    new File(dir, "version-2")).read(0)) {
			if (log.getHeader() == null)
				return;
			do {
				TxnHeader header = log.getHeader();
				Entry e = all.computeIfAbsent(header.getZxid(),
				    zxid -> new Entry());

				if (!seen.add(header.getZxid()))
					continue;
				if (e.servers++ == 0)
					take(e, header, log.getTxn());
			} while (advance(log));
		}
	}

	public static void main(String[] args) throws IOException {
		prefix = args[0];
		for (int i = 1; i < args.length; i++)
			takeServer(new File(args[i]));
		for (Entry e : all.values())
			if (e.servers > 1)
				for (String line : e.lines)
					System.out.println(line);
	}
}
