"""How a gateway says why it thinks that something passed a door, or did not."""

from tagdock_cloud.console.language import later

SAID = (
    later("%(door)s with %(share)s; %(why)s: %(way)s"),
    later("%(door)s with %(share)s, with %(mates)s other tag that moved alike; %(why)s: %(way)s"),
    later("%(door)s with %(share)s, with %(mates)s other tags that moved alike; %(why)s: %(way)s"),
    later("%(why)s; %(rest)s"),
    later("it came in"),
    later("it went out"),
    later("it did not go through"),
    later("no way is clearly the likeliest"),
    later("hardly heard there itself"),
    later("photo-eyes: nobody in the beams while it was loudest"),
    later("photo-eyes: %(share)s of its strength with somebody from outside in"),
    later("photo-eyes: %(share)s of its strength with somebody from inside out"),
    later("photo-eyes: %(share)s of its strength with somebody in one beam, or back"),
    later("photo-eyes: %(share)s of its strength with somebody going nobody knows where"),
    later("one row, lingered by %(lingered)s; no phase or Doppler shift tells when it passed"),
    later("one row, heard %(share)s more after it passed (error %(error)s)"),
    later("one row, heard %(share)s more before it passed (error %(error)s)"),
    later("inside over outside changed by %(change)s dB (error %(error)s) of %(most)s that it could"),
    later("more than %(bound)s ahead of the cloud's clock: set the clock"),
    later("more than %(bound)s behind the cloud's clock: set the clock"),
    later("is %(site)s, but the topic's site is %(topic)s"),
)
