#!/usr/bin/env perl
# Runs TAP tests (t/**/*.t) over paceline's worker protocol: a unit is a file, its one test the file's verdict.
use strict;
use warnings;
use File::Find;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Time::HiRes 'time';

my ($address, $token, $role) = map { delete $ENV{"PACELINE_$_"} } qw(CONNECT TOKEN ROLE);
my $json = JSON::PP->new->utf8->canonical;
my ($scheme, $where) = split /:/, $address, 2;
my $engine = $scheme eq 'unix' ? IO::Socket::UNIX->new(Peer => $where) : IO::Socket::INET->new($where);
die "cannot connect to $address: $!\n" unless $engine;
$engine->autoflush(1);

sub tell_engine { print {$engine} $json->encode({@_}), "\n" }
sub hear { my $line = <$engine>; $line ? $json->decode($line) : {kind => 'shutdown'} }

tell_engine(
    kind => 'hello', protocol => 1, token => $token, role => $role, pid => $$,
    framework => {name => 'tap', version => '14'}, language => {name => 'perl', version => "$^V"},
    $role eq 'worker' ? (worker => $ENV{PACELINE_WORKER_ID} + 0) : (),
);
my $answer = hear();
die "refused: $answer->{reason}\n" if $answer->{kind} ne 'welcome';
$role eq 'host' ? discover() : 1;
while ((my $message = hear())->{kind} ne 'shutdown') {
    if    ($message->{kind} eq 'run')       { run($message) }
    elsif ($message->{kind} eq 'take_back') { tell_engine(kind => 'taken_back', unit => $message->{unit}, ok => \0) }
    else                                    { tell_engine(kind => 'error', fatal => \0, text => "unknown kind $message->{kind}") }
}
tell_engine(kind => 'goodbye', exit_status => 0);

sub discover {
    my @files;
    find({no_chdir => 1, wanted => sub { push @files, $_ if /\.t$/ }}, 't');
    my $number = 0;
    my @units = map { {unit => $number++, key => $_, path => $_} } sort @files;
    tell_engine(kind => 'discovered', units => \@units, complete => \1);
    tell_engine(kind => 'ready', can_fork => \0, why_not => 'perl workers start at once', collect => 'files');
}

sub run {
    my ($message) = @_;
    my ($unit, $file) = @$message{qw(unit key)};
    tell_engine(kind => 'unit_started', unit => $unit);
    tell_engine(kind => 'collected', unit => $unit, digest => $file, count => 1, first => 0, tests => [{id => $file}]);
    for my $test (@{$message->{tests} // [0]}) {
        tell_engine(kind => 'test_started', unit => $unit, test => $test);
        my $start  = time;
        my $output = qx(\Q$^X\E \Q$file\E 2>&1);
        my @result = $? || $output =~ /^not ok(?!.*# TODO)/m ? 'failed' : $output =~ /^1\.\.0 # skip *(.*)/mi ? ('skipped', $1) : 'passed';
        my %problem = (phase => 'call', outcome => $result[0], $result[1] ? (reason => $result[1]) : (text => $output));
        tell_engine(kind => 'test_finished', unit => $unit, test => $test, outcome => $result[0], durations => [0, time - $start, 0],
            sections => [['Output', $output]], $result[0] eq 'passed' ? () : (problems => [\%problem]));
    }
    tell_engine(kind => 'unit_finished', unit => $unit);
}
