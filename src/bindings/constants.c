// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The constants of the kernel this is built for, as tables: see constants.h.
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/socket.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/unistd.h>
#include <uapi/linux/netfilter.h>
#include <uapi/linux/netfilter_ipv4.h>

#include "constants.h"

#define S(name)			{#name, S_##name}
#define TASK(name)		{#name, TASK_##name}
#define NOTIFY(name)		{#name, NOTIFY_##name}
#define NETDEV(name)		{#name, NETDEV_##name}
#define ETH(name)		{#name, ETH_##name}
#define NF(name)		{#name, NF_##name}
#define NFPROTO(name)		{#name, NFPROTO_##name}
#define NF_INET(name)		{#name, NF_INET_##name}
#define NF_NETDEV(name)		{#name, NF_NETDEV_##name}
#define NF_IP_PRI(name)		{#name, NF_IP_PRI_##name}
#define SOCK(name)		{#name, SOCK_##name}
#define AF(name)		{#name, AF_##name}
#define MSG(name)		{#name, MSG_##name}
#define IPPROTO(name)		{#name, IPPROTO_##name}
#define SOL(name)		{#name, SOL_##name}
#define SO(name)		{#name, SO_##name}

/* these are written both ways */
#define SIGNAL(name)		{#name, SIG##name}, {"SIG" #name, SIG##name}
#define ETHERTYPE(name)		{#name, ETH_P_##name}, {"P_" #name, ETH_P_##name}

static const struct lualinux_constant stat_constants[] = {
	S(IRWXU), S(IRUSR), S(IWUSR), S(IXUSR), S(IRWXG), S(IRGRP), S(IWGRP), S(IXGRP),
	S(IRWXO), S(IROTH), S(IWOTH), S(IXOTH), S(ISUID), S(ISGID), S(ISVTX), S(IRWXUGO),
	S(IALLUGO), S(IRUGO), S(IWUGO), S(IXUGO), S(IFMT), S(IFSOCK), S(IFLNK), S(IFREG),
	S(IFBLK), S(IFDIR), S(IFCHR), S(IFIFO),
	{}
};

static const struct lualinux_table stat_table = {
	.name = "stat",
	.constants = stat_constants,
};

static const struct lualinux_constant task_constants[] = {
	TASK(RUNNING), TASK(INTERRUPTIBLE), TASK(UNINTERRUPTIBLE), TASK(KILLABLE), TASK(IDLE),
	{}
};

static const struct lualinux_table task_table = {
	.name = "task",
	.constants = task_constants,
};

static const struct lualinux_constant signal_constants[] = {
	SIGNAL(HUP), SIGNAL(INT), SIGNAL(QUIT), SIGNAL(ILL), SIGNAL(TRAP), SIGNAL(ABRT),
	SIGNAL(IOT), SIGNAL(BUS), SIGNAL(FPE), SIGNAL(KILL), SIGNAL(USR1), SIGNAL(SEGV),
	SIGNAL(USR2), SIGNAL(PIPE), SIGNAL(ALRM), SIGNAL(TERM), SIGNAL(STKFLT), SIGNAL(CHLD),
	SIGNAL(CONT), SIGNAL(STOP), SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU), SIGNAL(URG),
	SIGNAL(XCPU), SIGNAL(XFSZ), SIGNAL(VTALRM), SIGNAL(PROF), SIGNAL(WINCH), SIGNAL(IO),
	SIGNAL(POLL), SIGNAL(PWR), SIGNAL(SYS),
	{}
};

static const struct lualinux_table signal_table = {
	.name = "signal",
	.constants = signal_constants,
};

static const struct lualinux_constant notify_constants[] = {
	NOTIFY(DONE), NOTIFY(OK), NOTIFY(STOP_MASK), NOTIFY(BAD), NOTIFY(STOP),
	{}
};

static const struct lualinux_table notify_table = {
	.name = "notify",
	.constants = notify_constants,
};

static const struct lualinux_constant netdev_constants[] = {
	NETDEV(UP), NETDEV(DOWN), NETDEV(REBOOT), NETDEV(CHANGE), NETDEV(REGISTER),
	NETDEV(UNREGISTER), NETDEV(CHANGEMTU), NETDEV(CHANGEADDR), NETDEV(PRE_CHANGEADDR),
	NETDEV(GOING_DOWN), NETDEV(CHANGENAME), NETDEV(FEAT_CHANGE), NETDEV(BONDING_FAILOVER),
	NETDEV(PRE_UP), NETDEV(PRE_TYPE_CHANGE), NETDEV(POST_TYPE_CHANGE), NETDEV(POST_INIT),
	NETDEV(RELEASE), NETDEV(NOTIFY_PEERS), NETDEV(JOIN), NETDEV(CHANGEUPPER),
	NETDEV(RESEND_IGMP), NETDEV(PRECHANGEMTU), NETDEV(CHANGEINFODATA),
	NETDEV(BONDING_INFO), NETDEV(PRECHANGEUPPER), NETDEV(CHANGELOWERSTATE),
	NETDEV(UDP_TUNNEL_PUSH_INFO), NETDEV(UDP_TUNNEL_DROP_INFO),
	NETDEV(CHANGE_TX_QUEUE_LEN),
	{}
};

static const struct lualinux_table netdev_table = {
	.name = "netdev",
	.constants = netdev_constants,
};

static const struct lualinux_constant eth_constants[] = {
	ETHERTYPE(LOOP), ETHERTYPE(PUP), ETHERTYPE(IP), ETHERTYPE(X25), ETHERTYPE(ARP),
	ETHERTYPE(BATMAN), ETHERTYPE(TEB), ETHERTYPE(8021Q), ETHERTYPE(8021AD), ETHERTYPE(IPX),
	ETHERTYPE(IPV6), ETHERTYPE(PAUSE), ETHERTYPE(SLOW), ETHERTYPE(PPP_DISC),
	ETHERTYPE(PPP_SES), ETHERTYPE(MPLS_UC), ETHERTYPE(MPLS_MC), ETHERTYPE(ATMMPOA),
	ETHERTYPE(LINK_CTL), ETHERTYPE(ATALK), ETHERTYPE(AOE), ETHERTYPE(PAE), ETHERTYPE(TIPC),
	ETHERTYPE(MACSEC), ETHERTYPE(LLDP), ETHERTYPE(1588), ETHERTYPE(FCOE), ETHERTYPE(IBOE),
	ETHERTYPE(LOOPBACK), ETHERTYPE(QINQ1), ETHERTYPE(QINQ2), ETHERTYPE(AF_IUCV),
	ETHERTYPE(802_3), ETHERTYPE(AX25), ETHERTYPE(ALL), ETHERTYPE(802_2), ETHERTYPE(SNAP),
	ETHERTYPE(CAN), ETHERTYPE(CANFD),
	ETH(ALEN), ETH(HLEN), ETH(ZLEN), ETH(DATA_LEN), ETH(FRAME_LEN), ETH(FCS_LEN),
	ETH(MIN_MTU), ETH(MAX_MTU),
	{}
};

static const struct lualinux_table eth_table = {
	.name = "eth",
	.constants = eth_constants,
};

/* nf: proto, inet, ip.pri, action */
static const struct lualinux_constant nf_action_constants[] = {
	NF(DROP), NF(ACCEPT), NF(STOLEN), NF(QUEUE), NF(REPEAT), NF(STOP),
	{}
};

static const struct lualinux_table nf_action = {
	.name = "action",
	.constants = nf_action_constants,
};

static const struct lualinux_constant nf_proto_constants[] = {
	NFPROTO(UNSPEC), NFPROTO(INET), NFPROTO(IPV4), NFPROTO(ARP), NFPROTO(NETDEV),
	NFPROTO(BRIDGE), NFPROTO(IPV6), NFPROTO(NUMPROTO),
	{}
};

static const struct lualinux_table nf_proto = {
	.name = "proto",
	.constants = nf_proto_constants,
};

static const struct lualinux_constant nf_inet_constants[] = {
	NF_INET(PRE_ROUTING), NF_INET(LOCAL_IN), NF_INET(FORWARD), NF_INET(LOCAL_OUT),
	NF_INET(POST_ROUTING), NF_INET(NUMHOOKS),
	{}
};

static const struct lualinux_table nf_inet = {
	.name = "inet",
	.constants = nf_inet_constants,
};

static const struct lualinux_constant nf_netdev_constants[] = {
	NF_NETDEV(INGRESS), NF_NETDEV(NUMHOOKS),
	{}
};

static const struct lualinux_table nf_netdev = {
	.name = "netdev",
	.constants = nf_netdev_constants,
};

static const struct lualinux_constant nf_pri_constants[] = {
	NF_IP_PRI(FIRST), NF_IP_PRI(RAW_BEFORE_DEFRAG), NF_IP_PRI(CONNTRACK_DEFRAG),
	NF_IP_PRI(RAW), NF_IP_PRI(SELINUX_FIRST), NF_IP_PRI(CONNTRACK), NF_IP_PRI(MANGLE),
	NF_IP_PRI(NAT_DST), NF_IP_PRI(FILTER), NF_IP_PRI(SECURITY), NF_IP_PRI(NAT_SRC),
	NF_IP_PRI(SELINUX_LAST), NF_IP_PRI(CONNTRACK_HELPER), NF_IP_PRI(CONNTRACK_CONFIRM),
	NF_IP_PRI(LAST),
	{}
};

static const struct lualinux_table nf_pri = {
	.name = "pri",
	.constants = nf_pri_constants,
};

static const struct lualinux_table * const nf_ip_tables[] = {
	&nf_pri, NULL
};

static const struct lualinux_table nf_ip = {
	.name = "ip",
	.tables = nf_ip_tables,
};

static const struct lualinux_table * const nf_table_tables[] = {
	&nf_action, &nf_proto, &nf_inet, &nf_netdev, &nf_ip, NULL
};

static const struct lualinux_table nf_table = {
	.name = "nf",
	.tables = nf_table_tables,
};

/* socket: sock, af, msg, ipproto, sol, so */
static const struct lualinux_constant socket_sock_constants[] = {
	SOCK(STREAM), SOCK(DGRAM), SOCK(RAW), SOCK(RDM), SOCK(SEQPACKET), SOCK(DCCP),
	SOCK(PACKET), SOCK(CLOEXEC), SOCK(NONBLOCK),
	{}
};

static const struct lualinux_table socket_sock = {
	.name = "sock",
	.constants = socket_sock_constants,
};

static const struct lualinux_constant socket_af_constants[] = {
	AF(UNSPEC), AF(UNIX), AF(LOCAL), AF(INET), AF(AX25), AF(IPX), AF(APPLETALK),
	AF(NETROM), AF(BRIDGE), AF(ATMPVC), AF(X25), AF(INET6), AF(ROSE), AF(NETBEUI),
	AF(SECURITY), AF(KEY), AF(NETLINK), AF(ROUTE), AF(PACKET), AF(ATMSVC), AF(RDS),
	AF(IRDA), AF(PPPOX), AF(LLC), AF(IB), AF(MPLS), AF(CAN), AF(TIPC), AF(BLUETOOTH),
	AF(IUCV), AF(RXRPC), AF(ISDN), AF(PHONET), AF(IEEE802154), AF(CAIF), AF(ALG), AF(NFC),
	AF(VSOCK), AF(KCM), AF(QIPCRTR), AF(SMC), AF(XDP), AF(MAX),
	{}
};

static const struct lualinux_table socket_af = {
	.name = "af",
	.constants = socket_af_constants,
};

static const struct lualinux_constant socket_msg_constants[] = {
	MSG(OOB), MSG(PEEK), MSG(DONTROUTE), MSG(TRYHARD), MSG(CTRUNC), MSG(PROBE), MSG(TRUNC),
	MSG(DONTWAIT), MSG(EOR), MSG(WAITALL), MSG(FIN), MSG(SYN), MSG(CONFIRM), MSG(RST),
	MSG(ERRQUEUE), MSG(NOSIGNAL), MSG(MORE), MSG(WAITFORONE), MSG(BATCH), MSG(ZEROCOPY),
	MSG(FASTOPEN), MSG(CMSG_CLOEXEC),
	{}
};

static const struct lualinux_table socket_msg = {
	.name = "msg",
	.constants = socket_msg_constants,
};

static const struct lualinux_constant socket_ipproto_constants[] = {
	IPPROTO(IP), IPPROTO(ICMP), IPPROTO(IGMP), IPPROTO(IPIP), IPPROTO(TCP), IPPROTO(EGP),
	IPPROTO(PUP), IPPROTO(UDP), IPPROTO(IDP), IPPROTO(TP), IPPROTO(DCCP), IPPROTO(IPV6),
	IPPROTO(RSVP), IPPROTO(GRE), IPPROTO(ESP), IPPROTO(AH), IPPROTO(MTP), IPPROTO(BEETPH),
	IPPROTO(ENCAP), IPPROTO(PIM), IPPROTO(COMP), IPPROTO(SCTP), IPPROTO(UDPLITE),
	IPPROTO(MPLS), IPPROTO(ETHERNET), IPPROTO(RAW), IPPROTO(ROUTING), IPPROTO(FRAGMENT),
	IPPROTO(ICMPV6), IPPROTO(NONE), IPPROTO(DSTOPTS), IPPROTO(HOPOPTS),
	{}
};

static const struct lualinux_table socket_ipproto = {
	.name = "ipproto",
	.constants = socket_ipproto_constants,
};

static const struct lualinux_constant socket_sol_constants[] = {
	SOL(SOCKET), SOL(IP), SOL(TCP), SOL(UDP), SOL(IPV6), SOL(ICMPV6), SOL(SCTP),
	SOL(UDPLITE), SOL(RAW), SOL(PACKET), SOL(NETLINK), SOL(TLS), SOL(XDP),
	{}
};

static const struct lualinux_table socket_sol = {
	.name = "sol",
	.constants = socket_sol_constants,
};

static const struct lualinux_constant socket_so_constants[] = {
	SO(DEBUG), SO(REUSEADDR), SO(TYPE), SO(ERROR), SO(DONTROUTE), SO(BROADCAST),
	SO(SNDBUF), SO(RCVBUF), SO(SNDBUFFORCE), SO(RCVBUFFORCE), SO(KEEPALIVE), SO(OOBINLINE),
	SO(NO_CHECK), SO(PRIORITY), SO(LINGER), SO(REUSEPORT), SO(PASSCRED), SO(PEERCRED),
	SO(RCVLOWAT), SO(SNDLOWAT), SO(RCVTIMEO_OLD), SO(SNDTIMEO_OLD), SO(RCVTIMEO_NEW),
	SO(SNDTIMEO_NEW), SO(BINDTODEVICE), SO(ATTACH_FILTER), SO(DETACH_FILTER), SO(PEERNAME),
	SO(ACCEPTCONN), SO(PEERSEC), SO(PASSSEC), SO(MARK), SO(PROTOCOL), SO(DOMAIN),
	SO(RXQ_OVFL), SO(WIFI_STATUS), SO(PEEK_OFF), SO(NOFCS), SO(LOCK_FILTER),
	SO(SELECT_ERR_QUEUE), SO(BUSY_POLL), SO(MAX_PACING_RATE), SO(BPF_EXTENSIONS),
	SO(INCOMING_CPU), SO(ATTACH_BPF), SO(DETACH_BPF), SO(INCOMING_NAPI_ID), SO(COOKIE),
	SO(PEERGROUPS), SO(ZEROCOPY), SO(TXTIME), SO(BINDTOIFINDEX), SO(TIMESTAMP_OLD),
	SO(TIMESTAMPNS_OLD), SO(TIMESTAMPING_OLD),
	/* as they are to programs where a time has 64 bits anyway */
	{ "RCVTIMEO", SO_RCVTIMEO_OLD }, { "SNDTIMEO", SO_SNDTIMEO_OLD },
	{ "TIMESTAMP", SO_TIMESTAMP_OLD }, { "TIMESTAMPNS", SO_TIMESTAMPNS_OLD },
	{ "TIMESTAMPING", SO_TIMESTAMPING_OLD },
	{}
};

static const struct lualinux_table socket_so = {
	.name = "so",
	.constants = socket_so_constants,
};

static const struct lualinux_table * const socket_table_tables[] = {
	&socket_sock, &socket_af, &socket_msg, &socket_ipproto, &socket_sol, &socket_so, NULL
};

static const struct lualinux_table socket_table = {
	.name = "socket",
	.tables = socket_table_tables,
};

/* syscall: numbers, from <asm/unistd.h>, see Kbuild */
static const struct lualinux_constant syscall_numbers_constants[] = {
#include "syscalls.inc"
	{}
};

static const struct lualinux_table syscall_numbers = {
	.name = "numbers",
	.constants = syscall_numbers_constants,
};

static const struct lualinux_table * const syscall_table_tables[] = {
	&syscall_numbers, NULL
};

static const struct lualinux_table syscall_table = {
	.name = "syscall",
	.tables = syscall_table_tables,
};

static const struct lualinux_table * const root_tables[] = {
	&stat_table, &task_table, &signal_table, &notify_table, &netdev_table, &eth_table,
	&nf_table, &socket_table, &syscall_table, NULL
};

const struct lualinux_table lualinux_root = {
	.name = "linux",
	.tables = root_tables,
};

const struct lualinux_table *lualinux_findtable(const struct lualinux_table *in, const char *name)
{
	const struct lualinux_table * const *table;

	for (table = in->tables; table && *table; table++)
		if (strcmp((*table)->name, name) == 0)
			return *table;
	return NULL;
}

/* Each table is made once: the registry has it by the address of what it is made from. */
void lualinux_pushtable(lua_State *L, const struct lualinux_table *table)
{
	const struct lualinux_constant *constant;
	const struct lualinux_table * const *inner;

	luaL_checkstack(L, 4, NULL);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, table) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	for (constant = table->constants; constant && constant->name; constant++) {
		lua_pushinteger(L, constant->value);
		lua_setfield(L, -2, constant->name);
	}
	for (inner = table->tables; inner && *inner; inner++) {
		lualinux_pushtable(L, *inner);
		lua_setfield(L, -2, (*inner)->name);
	}
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, table);
}

/* linux.stat is what require "linux.stat" finds, too */
#define OPEN(name)							\
static int open_##name(lua_State *L)					\
{									\
	lualinux_pushtable(L, &name##_table);				\
	return 1;							\
}									\
LUALINUX_LIB(linux_##name, open_##name)

OPEN(stat);
OPEN(task);
OPEN(signal);
OPEN(notify);
OPEN(netdev);
OPEN(eth);
OPEN(nf);
OPEN(socket);
OPEN(syscall);
