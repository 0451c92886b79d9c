#!/usr/bin/perl
# Process 1 of the kernel that kernel.ts starts: mounts the volume read-only and writes one JSON line for each entry.
# The kernel passes its parameters diskseal_* as environment variables. Everything is done by system calls (numbers of
# x86-64), so no other program has to be there. Names and attributes are written in hexadecimal: they may be any bytes.
use strict;
use warnings;
use Digest::SHA;
use Fcntl ':mode';
use POSIX ();

my ($MOUNT, $UMOUNT, $SYNC, $REBOOT, $SYSLOG, $INIT_MODULE, $LIST_ATTRIBUTES, $GET_ATTRIBUTE) =
  (165, 166, 162, 169, 103, 313, 195, 192);
my ($READ_ONLY, $POWER_OFF) = (1, 0x4321fedc);
my $work = $ENV{diskseal_work};
my $place = "$work/mounted";

eval { main(); 1 } or report({ failed => hex_of($@) });
power_off();

sub main {
  mount('none', $work, 'hostfs', 0, $work);
  mount('devtmpfs', '/dev', 'devtmpfs', 0, '') unless -b '/dev/ubda';
  load($_) for qw(nls_utf8 hfsplus);
  list($ENV{diskseal_device});
  write_test($ENV{diskseal_write_device}) if $ENV{diskseal_write_device};
  report({ finished => 1 });
}

sub list {
  my ($device) = @_;
  mount($device, $place, 'hfsplus', $READ_ONLY, 'nls=utf8');
  walk($place, '');
  unmount($place);
}

sub walk {
  my ($folder, $path) = @_;
  opendir(my $handle, $folder) or return report({ path => hex_of($path), failed => hex_of("$!") });
  my @names = grep { $_ ne '.' && $_ ne '..' } readdir $handle;
  for my $name (@names) {
    my $inner = $path eq '' ? $name : "$path/$name";
    my @stat = lstat("$folder/$name") or do { report({ path => hex_of($inner), unopened => 1 }); next };
    report(entry("$folder/$name", $inner, @stat));
    walk("$folder/$name", $inner) if S_ISDIR($stat[2]);
  }
  # This kernel gives a folder's size as two more than what its record says it holds; the root may hold two hidden ones.
  my $stated = (lstat $folder)[7] - 2;
  my $hidden = $path eq '' ? 2 : 0;
  report({ path => hex_of($path), miscounted => $stated }) if $stated < @names || $stated > @names + $hidden;
}

sub entry {
  my ($place, $path, @stat) = @_;
  my ($mode, $links, $uid, $gid, $size, $modified) = @stat[2, 3, 4, 5, 7, 9];
  my $type = S_ISDIR($mode) ? 'folder' : S_ISLNK($mode) ? 'symlink' : S_ISREG($mode) ? 'file' : 'other';
  my %entry = (path => hex_of($path), type => $type, mode => S_IMODE($mode), links => $links, uid => $uid, gid => $gid, modified => $modified);
  $entry{target} = hex_of(readlink($place) // '') if $type eq 'symlink';
  if ($type eq 'file') {
    $entry{size} = $size;
    my $digest = eval { Digest::SHA->new(256)->addfile($place, 'b')->hexdigest };
    $entry{sha256} = $digest if defined $digest;
  }
  $entry{attributes} = attributes($place);
  return \%entry;
}

# Name => value in hexadecimal; "forked" for what this kernel lists and cannot read.
sub attributes {
  my ($path) = @_;
  my $names = "\0" x 65536;
  my $length = syscall($LIST_ATTRIBUTES, my $list_path = "$path\0", $names, 65536);
  return {} if $length < 0 && ($!{ENODATA} || $!{EOPNOTSUPP});
  die "attributes of $path: $!" if $length < 0;
  my %found;
  for my $name (split /\0/, substr($names, 0, $length)) {
    my $value = "\0" x 65536;
    my $got = syscall($GET_ATTRIBUTE, my $get_path = "$path\0", my $get_name = "$name\0", $value, 65536);
    $found{hex_of($name)} = $got >= 0 ? hex_of(substr($value, 0, $got)) : $!{EOPNOTSUPP} ? 'forked' : "unread: $!";
  }
  return \%found;
}

# The kernel's own B-tree and bitmap code at work on the volume: much is made, renamed, linked and deleted.
sub write_test {
  my ($device) = @_;
  mount($device, $place, 'hfsplus', 0, 'nls=utf8');
  my $top = "$place/written by a kernel";
  check(mkdir($top), 'mkdir');
  my $long = 'a long name so that nodes of the tree must be split ' x 3;
  for my $number (0 .. 299) {
    write_file("$top/file $number", "content $number\n" x $number);
    check(mkdir("$top/folder $number"), 'mkdir');
  }
  for my $number (grep { $_ % 3 == 0 } 0 .. 299) { check(rename("$top/file $number", "$top/folder $number/$long$number"), 'rename') }
  for my $number (grep { $_ % 3 == 1 } 0 .. 299) { check(unlink("$top/file $number"), 'unlink'); check(rmdir("$top/folder $number"), 'rmdir') }
  check(link("$top/file 2", "$top/linked"), 'link');
  check(symlink('nowhere', "$top/symbolic"), 'symlink');
  syscall($SYNC);
  unmount($place);
  mount($device, $place, 'hfsplus', $READ_ONLY, 'nls=utf8');
  for my $number (0 .. 299) {
    next if $number % 3 == 1;
    my $path = $number % 3 == 0 ? "$top/folder $number/$long$number" : "$top/file $number";
    die "$path differs" if read_file($path) ne "content $number\n" x $number;
  }
  die 'the link differs' if read_file("$top/linked") ne read_file("$top/file 2");
  unmount($place);
  report({ written => 1 });
}

sub write_file {
  my ($path, $content) = @_;
  open(my $handle, '>', $path) or die "create $path: $!";
  check(print({$handle} $content), 'write');
  check(close($handle), 'close');
}

sub read_file {
  my ($path) = @_;
  open(my $handle, '<', $path) or die "open $path: $!";
  local $/;
  return <$handle> // '';
}

sub check { $_[0] or die "$_[1]: $!" }

sub mount {
  my ($source, $target, $type, $flags, $data) = map { "$_" } @_;
  syscall($MOUNT, $source, $target, $type, $flags + 0, $data) == 0 or die "mount $source ($type): $!";
}

sub unmount {
  my ($target) = @_;
  chdir '/';
  syscall($UMOUNT, my $path = "$target", 0) == 0 or die "umount: $!";
}

# A module with what it needs; nothing happens when it is part of the kernel.
sub load {
  my ($name) = @_;
  my $folder = '/usr/lib/uml/modules/' . (POSIX::uname())[2];
  open(my $list, '<', "$folder/modules.dep") or return;
  my ($line) = grep { m{(^|/)\Q$name\E\.ko:} } <$list>;
  my ($module, $needed) = split /:\s*/, $line // return;
  for my $file (reverse(split ' ', $needed // ''), $module) {
    open(my $handle, '<', "$folder/$file") or next;
    syscall($INIT_MODULE, fileno($handle), my $none = '', 0);
  }
}

sub hex_of { return unpack 'H*', $_[0] }

sub report {
  my ($values) = @_;
  open(my $out, '>>', "$work/report") or return;
  print {$out} json($values), "\n";
  close $out;
}

sub json {
  my ($value) = @_;
  return '{' . join(',', map { "\"$_\":" . json($value->{$_}) } sort keys %$value) . '}' if ref $value;
  return "\"$value\"";
}

sub power_off {
  my $log = "\0" x 262144;
  my $length = syscall($SYSLOG, 3, $log, 262144);
  if (open(my $out, '>', "$work/log")) {
    print {$out} substr($log, 0, $length < 0 ? 0 : $length);
    close $out;
  }
  syscall($SYNC);
  syscall($REBOOT, 0xfee1dead, 672274793, $POWER_OFF, 0);
  sleep 60;
}
